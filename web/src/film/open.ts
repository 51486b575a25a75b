/** A film open in the page. All reading happens in a worker; nothing leaves this machine. */

import { FilmWorker } from './rpc/client';
import type { Film, RemoteFilm } from './types';

/** The film in `file`, open for looking; `file` is here, or at the service. Throws FilmProblem. */
export async function openFilm(file: File | RemoteFilm): Promise<Film> {
  const worker = new FilmWorker();
  try {
    const facts = await worker.call('open', { file });
    return {
      facts,
      strip: async (count, heightPx, onPicture, signal) => {
        const give = (progress: { index: number; timeMs: number; picture: ImageBitmap }): void =>
          onPicture(progress.index, progress.timeMs, progress.picture);
        await worker.call('strip', { count, heightPx }, give, signal);
      },
      waveform: async (buckets, onPeaks, signal) => {
        await worker.call('waveform', { buckets }, onPeaks, signal);
      },
      frameTimes: (aroundMs, spanMs) => worker.call('frameTimes', { aroundMs, spanMs }),
      picture: (atMs, heightPx) => worker.call('picture', { atMs, heightPx }),
      close: () => worker.end(),
    };
  } catch (error) {
    worker.end();
    throw error;
  }
}
