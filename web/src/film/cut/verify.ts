/** A finished cut read again, as the service will read it. */

import { FilmProblem } from '../problem';
import { decodeAt } from '../read/decode';
import { beginsOpen, findEndTicks } from '../read/frames';
import { lookAtFirst, squareSize } from '../read/look';
import { openSource, type FilmSource } from '../read/source';

const CELLS = 16;
const PLANES = ['I420', 'I420A', 'I422', 'I444', 'NV12'];
const SAME_SHAPE = 0.04;
/** On average, of 255: decoders agree to 1, re-encoding and other guesses at colours stay below 12. */
const MOST_DIFFERENCE = { lossless: 4, light: 16 } as const;

/** What a finished cut turned out to hold. */
export interface ReadBack {
  /** When each of its pictures is shown, in exact milliseconds after its first. */
  readonly cutMs: number[];
  readonly durationMs: number;
}

/** The cut as it is read back. Throws FilmProblem not_cut where it does not hold so many pictures. */
export async function verifyCut(cut: Blob, pictures: number): Promise<ReadBack> {
  const film = await openSource(cut);
  try {
    const ticks = await readTicks(film);
    if (ticks.length !== pictures) throw new FilmProblem('not_cut', `${ticks.length} of ${pictures} pictures written`);
    const durationMs = Math.max(1, film.clock.msAt(await findEndTicks(film)));
    return { cutMs: ticks.map((at) => film.clock.exactMsAt(at)), durationMs };
  } finally {
    film.input.dispose();
  }
}

async function readTicks(film: FilmSource): Promise<number[]> {
  const seen = new Set<number>();
  for await (const packet of film.pictures.packets(undefined, undefined, { metadataOnly: true })) {
    seen.add(film.clock.ticks(packet.timestamp));
  }
  return [...seen].sort((a, b) => a - b);
}

/**
 * Decodes the first, the middle and the last picture of a moment from its cut, with the cut's own header, and compares
 * them with the film's: `ticks` are the film's, `written` all that the cut holds. Where this browser cannot decode the
 * film, nothing is compared. Throws FilmProblem not_cut_differs.
 */
export async function compareWithFilm(
  film: FilmSource,
  cut: Blob,
  written: readonly number[],
  moment: { fromTicks: number; toTicks: number },
  mode: keyof typeof MOST_DIFFERENCE,
): Promise<void> {
  if (!(await lookAtFirst(film))) return;
  const inside = [...written.keys()].filter((index) => written[index]! >= moment.fromTicks && written[index]! < moment.toTicks);
  // A moment in which no picture begins shows the one before.
  if (!inside.length) inside.push(Math.max(0, written.findLastIndex((ticks) => ticks <= moment.fromTicks)));
  const looked = new Set([inside[0]!, inside[inside.length >> 1]!, inside.at(-1)!]);
  const made = await openSource(cut);
  try {
    // Chromium's decoder begins with a refresh only, though its player, and every other, does with any intra picture.
    if (!(await lookAtFirst(made)) && (await beginsOpen(made))) return;
    const ticks = await readTicks(made);
    for (const index of looked) {
      const [theirs, ours] = [await brightnessAt(film, written[index]!), await brightnessAt(made, ticks[index]!)];
      // One of another shape was fitted with bars.
      if (theirs && ours && Math.abs(ours.shape / theirs.shape - 1) > SAME_SHAPE) continue;
      const difference = theirs && ours ? meanDifference(ours.cells, theirs.cells) : Infinity;
      if (difference > MOST_DIFFERENCE[mode]) throw new FilmProblem('not_cut_differs', `picture ${index} differs by ${difference}`);
    }
  } finally {
    made.input.dispose();
  }
}

/** The brightness of a picture in a grid of cells, and its shape; null where it cannot be decoded. */
async function brightnessAt(film: FilmSource, ticks: number): Promise<{ shape: number; cells: number[] } | null> {
  const sample = await decodeAt(film, ticks).catch(() => null);
  if (!sample) return null;
  const { width, height } = sample.visibleRect;
  // As stored where it can be had, since turning into RGB depends on guesses at colours.
  const stored = PLANES.includes(sample.format ?? '');
  const options = stored ? {} : ({ format: 'RGBX', colorSpace: 'srgb' } as const);
  const bytes = new Uint8Array(sample.allocationSize(options));
  const [plane] = await sample.copyTo(bytes, options);
  const { width: shownWidth, height: shownHeight } = await squareSize(film, sample);
  sample.close();
  const step = stored ? 1 : 4;
  const cells = Array.from({ length: CELLS * CELLS }, (_, cell) => {
    const [left, right] = [cell % CELLS, (cell % CELLS) + 1].map((n) => Math.floor((n * width) / CELLS));
    const [top, bottom] = [Math.floor(cell / CELLS), Math.floor(cell / CELLS) + 1].map((n) => Math.floor((n * height) / CELLS));
    let sum = 0;
    for (let y = top!; y < bottom!; y++) {
      const row = plane!.offset + y * plane!.stride + (stored ? 0 : 1);
      for (let x = left!; x < right!; x++) sum += bytes[row + x * step]!;
    }
    return sum / Math.max(1, (right! - left!) * (bottom! - top!));
  });
  return { shape: shownWidth / shownHeight, cells };
}

function meanDifference(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, at) => sum + Math.abs(value - b[at]!), 0) / a.length;
}
