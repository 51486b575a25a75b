/** A cut made in the worker: written, read back as the service will read it, and only then given its name. */

import { StreamTarget, type StreamTargetChunk } from 'mediabunny';

import { UnfinishedCut } from './kept';
import { lightenMoment } from './light';
import { copyMoment } from './lossless';
import { onCutClock } from './moment';
import { asFilmProblem } from './problem';
import { readBack } from './readback';
import type { CutMode, FinishedCut, Moment } from './shapes';
import { openSource } from './source';

const WRITE_BYTES = 4 << 20;
const TELL_EVERY_MS = 100;

/** Cuts `moment` out of `file` into the private file `name`. Throws FilmProblem; AbortError when told to stop. */
export async function cutMoment(
  file: File,
  moment: Moment,
  mode: CutMode,
  name: string,
  onProgress: (share: number) => void,
  signal: AbortSignal,
): Promise<FinishedCut> {
  const film = await openSource(file);
  const unfinished = await UnfinishedCut.create().catch((error: unknown) => {
    film.input.dispose();
    throw asFilmProblem(error, 'no_space');
  });
  // A full disk breaks the stream, and what uses the stream then only tells that it is broken.
  let unwritten: unknown;
  try {
    const writable = new WritableStream<StreamTargetChunk>({
      write: (chunk) => {
        try {
          unfinished.write(chunk.data, chunk.position);
        } catch (error) {
          unwritten ??= error;
          throw error;
        }
      },
    });
    const target = new StreamTarget(writable, { chunked: true, chunkSize: WRITE_BYTES });
    const report = sometimes(onProgress);
    // A still keeps its full size, since it will be printed; it is short in any case.
    const written =
      mode === 'light' && moment.kind === 'clip'
        ? await lightenMoment(film, moment, target, report, signal)
        : await copyMoment(film, moment, target, report, signal);
    const made = await unfinished.close();
    const cutMs = await readBack(made, written.ticks.length);
    signal.throwIfAborted();
    const cut = onCutClock(film, moment, written.wanted, written.ticks, cutMs);
    await unfinished.keep(name);
    onProgress(1);
    return { name, bytes: made.size, mimeType: written.mimeType, cut };
  } catch (error) {
    await unfinished.drop();
    signal.throwIfAborted();
    throw asFilmProblem(unwritten ?? error, 'not_cut');
  } finally {
    film.input.dispose();
  }
}

function sometimes(tell: (share: number) => void): (share: number) => void {
  let toldAt = 0;
  return (share) => {
    if (performance.now() - toldAt < TELL_EVERY_MS) return;
    toldAt = performance.now();
    tell(share);
  };
}
