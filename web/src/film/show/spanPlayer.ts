/** Single pictures by the browser's player, where its decoder refuses a film. Only on the page: workers have no players. */

import { FilmProblem } from '../problem';
import { serialQueue } from '../serialQueue';
import type { PictureSpan } from './span';

const LONGEST_WAIT_MS = 20_000;
const MOST_BEHIND_S = 0.001;
const NEAR_S = 0.002;

/** A player holds a decoder, so there is one at a time. */
const oneSpan = serialQueue();

export interface PlayedPicture {
  /** Upright, and as wide as the picture was before it was made small. */
  readonly picture: ImageBitmap;
  readonly widthPx: number;
  readonly heightPx: number;
  /** When it is first shown, on the film's clock. */
  readonly timeMs: number;
}

/** The wanted picture of a span, upright, `heightPx` high. Throws FilmProblem not_shown where the player refuses it too. */
export function playSpan(span: PictureSpan, heightPx: number): Promise<PlayedPicture> {
  return oneSpan(async () => {
    // On a busy machine a player now and then says that it shows a picture and has none; another one has it.
    const played = (await play(span, heightPx)) ?? (await play(span, heightPx));
    if (!played) throw new FilmProblem('not_shown', 'no picture');
    return played;
  });
}

/** Null where the player says that it shows the picture, and has none. Throws FilmProblem not_shown. */
async function play({ file, fromS, toS, timeMs }: PictureSpan, heightPx: number): Promise<PlayedPicture | null> {
  const url = URL.createObjectURL(file);
  const player = document.createElement('video');
  try {
    player.muted = true;
    player.preload = 'auto';
    player.src = url;
    // A little past the picture's beginning players show that picture and no other.
    player.currentTime = fromS + Math.min(MOST_BEHIND_S, (toS - fromS) / 2);
    await isShown(player, fromS);
    const { videoWidth: widthPx, videoHeight } = player;
    if (!widthPx) return null;
    const resizeWidth = Math.max(1, Math.round((heightPx * widthPx) / videoHeight));
    const picture = await createImageBitmap(player, { resizeWidth, resizeHeight: heightPx, resizeQuality: 'medium' });
    return { picture, widthPx, heightPx: videoHeight, timeMs };
  } finally {
    player.removeAttribute('src');
    player.load();
    URL.revokeObjectURL(url);
  }
}

/** Until the player shows the picture of that time, which it says itself: after a seek the one before may still be there. */
function isShown(player: HTMLVideoElement, fromS: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (): void => reject(new FilmProblem('not_shown', player.error?.message ?? 'another picture'));
    const look = (_now: number, { mediaTime }: VideoFrameCallbackMetadata): void => {
      if (Math.abs(mediaTime - fromS) < NEAR_S) resolve();
      else player.requestVideoFrameCallback(look);
    };
    player.requestVideoFrameCallback(look);
    player.addEventListener('error', fail, { once: true });
    setTimeout(fail, LONGEST_WAIT_MS);
  });
}
