/** Cutting from the page, each moment in a worker of its own: one copy at a time, some re-encodings at once. */

import { FilmWorker } from '../rpc/client';
import type { CoverMark, CutMode, FinishedCut, Moment, SealKey } from '../types';
import { limitedQueue, serialQueue } from '../serialQueue';
import { MOST_AT_ONCE } from './atOnce';

export { cutFile, discardCut, listCuts } from './opfs';

/** A quick copy must never wait for a slow re-encoding, so each mode has its own queue; who asks says how many at once. */
const encoding = limitedQueue(MOST_AT_ONCE);
const queueOf = { lossless: serialQueue(), light: encoding, covered: encoding };

/**
 * Cuts `moment` out of `file` into the browser's private file `name`, sealed with `seal`, once earlier cuts of the same mode are done.
 *
 * `marks`: what is covered, for `covered` only. `onProgress` gets shares from 0 to 1. Throws FilmProblem; AbortError when `signal` aborts, and then nothing is kept.
 */
export async function cut(
  file: File,
  moment: Moment,
  mode: CutMode,
  name: string,
  seal: SealKey,
  onProgress: (share: number) => void,
  signal: AbortSignal,
  marks: readonly CoverMark[] = [],
): Promise<FinishedCut> {
  signal.throwIfAborted();
  const made = queueOf[mode](async () => {
    signal.throwIfAborted();
    // Ended after each cut: a worker keeps some 60 MB of what it has read until it sees a need to clean up.
    const worker = new FilmWorker();
    try {
      return await worker.call('cut', { file, moment, mode, name, seal, marks }, onProgress, signal);
    } finally {
      worker.end();
    }
  });
  // Aborting while still queued rejects at once.
  let tell = (): void => undefined;
  const stopped = new Promise<never>((_, reject) => {
    tell = () => reject(new DOMException('Stopped.', 'AbortError'));
    signal.addEventListener('abort', tell, { once: true });
  });
  try {
    return await Promise.race([made, stopped]);
  } finally {
    signal.removeEventListener('abort', tell);
  }
}
