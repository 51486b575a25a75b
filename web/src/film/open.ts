/** A film open in the page. All reading happens in a worker; nothing leaves this machine. */

import { FilmProblem } from './problem';
import { FilmWorker } from './rpc/client';
import { playSpan, type PlayedPicture } from './show/spanPlayer';
import type { Film, FilmFacts, RemoteFilm, SealedCut } from './types';

const LOOK_PX = 120;
/** A player may stumble over what leans on a group that is left out (FFmpeg's `mmco: unref short failure`), but not later. */
const GROUPS_BACK = [1, 0, 2, 4];

/** The film in `file`, open for looking; `file` is here, or at the service, or a cut that is kept here. Throws FilmProblem. */
export async function openFilm(file: File | RemoteFilm | SealedCut): Promise<Film> {
  const worker = new FilmWorker();
  try {
    const found = await worker.call('open', { file });
    const facts = found.hasPicture && !found.canShow ? await lookByPlayer(worker, found) : found;
    const byPlayer = facts !== found;
    return {
      facts,
      strip: async (count, heightPx, onPicture, signal) => {
        if (byPlayer) return playStrip(worker, facts, count, heightPx, onPicture, signal);
        const give = (progress: { index: number; timeMs: number; picture: ImageBitmap }): void =>
          onPicture(progress.index, progress.timeMs, progress.picture);
        await worker.call('strip', { count, heightPx }, give, signal);
      },
      waveform: async (buckets, onPeaks, signal) => {
        await worker.call('waveform', { buckets }, onPeaks, signal);
      },
      frameTimes: (aroundMs, spanMs) => worker.call('frameTimes', { aroundMs, spanMs }),
      picture: async (atMs, heightPx) =>
        byPlayer ? (await playAt(worker, atMs, heightPx)).picture : worker.call('picture', { atMs, heightPx }),
      pictureNear: (atMs, heightPx) => worker.call('pictureNear', { atMs, heightPx }),
      close: () => worker.end(),
    };
  } catch (error) {
    worker.end();
    throw error;
  }
}

/**
 * The facts with what the player shows of a film that the decoder refuses; as they were where it refuses it too.
 *
 * Chromium's decoder begins with a refresh only, its player with any picture that leans on no other. The player takes no
 * transport stream, but the same pictures in an MP4.
 */
async function lookByPlayer(worker: FilmWorker, facts: FilmFacts): Promise<FilmFacts> {
  try {
    const { picture, widthPx, heightPx } = await playAt(worker, 0, LOOK_PX);
    picture.close();
    return { ...facts, canShow: true, whyUnshown: null, widthPx, heightPx };
  } catch (error) {
    if (error instanceof FilmProblem) return facts;
    throw error;
  }
}

/** The picture on screen at `atMs`, by the player; `keyOnly`: the one that decoding begins with before it. */
async function playAt(worker: FilmWorker, atMs: number, heightPx: number, keyOnly = false): Promise<PlayedPicture> {
  let refused: unknown = new FilmProblem('not_shown');
  for (const groupsBack of GROUPS_BACK) {
    const span = await worker.call('span', { atMs, keyOnly, groupsBack });
    if (!span) continue;
    try {
      return await playSpan(span, heightPx);
    } catch (error) {
      refused = error;
    }
  }
  throw refused;
}

async function playStrip(
  worker: FilmWorker,
  { durationMs }: FilmFacts,
  count: number,
  heightPx: number,
  onPicture: (index: number, timeMs: number, picture: ImageBitmap) => void,
  signal: AbortSignal,
): Promise<void> {
  for (let index = 0; index < count; index++) {
    const { picture, timeMs } = await playAt(worker, Math.floor(((index + 0.5) / count) * durationMs), heightPx, true);
    if (signal.aborted) picture.close();
    signal.throwIfAborted();
    onPicture(index, timeMs, picture);
  }
}
