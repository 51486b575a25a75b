/** What this browser's player makes of edit lists, asked by a tiny film instead of by the browser's name. */

import { PROBE_FILM } from './probeFilm';

/** A busy laptop takes seconds even for this; only a player that never answers is waited for as long. */
const LONGEST_WAIT_MS = 20_000;
/** Between the hidden dark pictures and the shown bright ones. */
const BRIGHT = 128;

let asked: Promise<boolean> | null = null;

/**
 * Whether a film that was shortened without being written anew begins, in this browser's player, where it was cut.
 * Firefox 153 plays what was cut out, and tells the length that remains. False also where the player gives no answer.
 */
export function playerFollowsEdits(): Promise<boolean> {
  asked ??= ask();
  return asked;
}

async function ask(): Promise<boolean> {
  const bytes = Uint8Array.from(atob(PROBE_FILM), (letter) => letter.charCodeAt(0));
  const url = URL.createObjectURL(new Blob([bytes], { type: 'video/mp4' }));
  const player = document.createElement('video');
  try {
    player.muted = true;
    player.preload = 'auto';
    player.src = url;
    const isLoaded = await new Promise<boolean>((resolve) => {
      player.addEventListener('loadeddata', () => resolve(true), { once: true });
      player.addEventListener('error', () => resolve(false), { once: true });
      setTimeout(() => resolve(false), LONGEST_WAIT_MS);
    });
    const context = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
    if (!isLoaded || !context) return false;
    context.drawImage(player, 0, 0, 1, 1);
    return context.getImageData(0, 0, 1, 1).data[1]! > BRIGHT;
  } finally {
    player.removeAttribute('src');
    player.load();
    URL.revokeObjectURL(url);
  }
}
