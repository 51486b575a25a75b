/** Cutting from the page: one moment at a time in each mode, each in a worker of its own. */

import { FilmWorker } from './calls';
import type { CutMode, FinishedCut, Moment } from './shapes';

export { cutFile, discardCut, listCuts } from './kept';

/** A quick copy must never wait for a slow re-encoding, so each mode has its own queue. */
const lastOf: Record<CutMode, Promise<unknown>> = { lossless: Promise.resolve(), light: Promise.resolve() };

/**
 * Cuts `moment` out of `file` into the browser's private file `name`, once earlier cuts of the same mode are done.
 *
 * `onProgress` is told shares from 0 to 1. Throws FilmProblem; AbortError when `signal` aborts, and then nothing is kept.
 */
export function cut(
  file: File,
  moment: Moment,
  mode: CutMode,
  name: string,
  onProgress: (share: number) => void,
  signal: AbortSignal,
): Promise<FinishedCut> {
  const turn = lastOf[mode].then(async () => {
    signal.throwIfAborted();
    const worker = new FilmWorker();
    try {
      return await worker.ask('cut', { file, moment, mode, name }, onProgress, signal);
    } finally {
      worker.end();
    }
  });
  lastOf[mode] = turn.catch(() => undefined);
  // One who gives up while waiting in the queue is told at once.
  const stopped = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(new DOMException('Stopped.', 'AbortError')), { once: true });
  });
  return Promise.race([turn, stopped]);
}
