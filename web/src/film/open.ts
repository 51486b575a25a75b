/** A film open in the page. All reading happens in a worker; nothing leaves this machine. */

import { FilmWorker } from './rpc/client';
import type { Film, RemoteFilm } from './types';

/** The film in `file`, open for looking; `file` is here, or at the service. Throws FilmProblem. */
export async function openFilm(file: File | RemoteFilm): Promise<Film> {
  const worker = new FilmWorker();
  try {
    const facts = await worker.ask('open', { file });
    return {
      facts,
      strip: async (count, heightPx, onPicture, signal) => {
        const give = (told: { index: number; timeMs: number; picture: ImageBitmap }): void =>
          onPicture(told.index, told.timeMs, told.picture);
        await worker.ask('strip', { count, heightPx }, give, signal);
      },
      waveform: async (buckets, onPeaks, signal) => {
        await worker.ask('waveform', { buckets }, onPeaks, signal);
      },
      frameTimes: (aroundMs, spanMs) => worker.ask('frameTimes', { aroundMs, spanMs }),
      picture: (atMs, heightPx) => worker.ask('picture', { atMs, heightPx }),
      close: () => worker.end(),
    };
  } catch (error) {
    worker.end();
    throw error;
  }
}
