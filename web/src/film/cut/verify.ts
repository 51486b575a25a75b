/** A finished cut read again, as the service will read it. */

import { FilmProblem } from '../problem';
import { openSource } from '../read/source';

/** When the cut shows each of its pictures, in exact milliseconds after its first. Throws FilmProblem not_cut. */
export async function verifyCut(cut: Blob, pictures: number): Promise<number[]> {
  const film = await openSource(cut);
  try {
    const seen = new Set<number>();
    for await (const packet of film.pictures.packets(undefined, undefined, { metadataOnly: true })) {
      seen.add(film.clock.ticks(packet.timestamp));
    }
    const ticks = [...seen].sort((a, b) => a - b);
    if (ticks.length !== pictures) throw new FilmProblem('not_cut', `${ticks.length} of ${pictures} pictures written`);
    return ticks.map((at) => film.clock.exactMsAt(at));
  } finally {
    film.input.dispose();
  }
}
