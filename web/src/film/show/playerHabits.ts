/** What this browser's player makes of odd films, asked by tiny ones instead of by the browser's name. */

import type { PlayerHabit } from '../types';
import { PROBE_FILMS } from './probeFilms';

/** A busy laptop takes seconds even for this; only a player that never answers is waited for as long. */
const LONGEST_WAIT_MS = 20_000;
/** Between the dark pictures, which are not to be shown first, and the bright ones. */
const BRIGHT = 128;
/** Each probe is over sooner, unless its last picture stands. */
const STANDS_S = 1.5;

/** After which a player that has said it has data is asked again for its picture. */
const LOOK_AGAIN_MS = 20;

const asked = new Map<PlayerHabit, Promise<boolean | null>>();

/**
 * Whether this browser's player has a habit on which what the desk shows depends; false also where it gives no answer,
 * and then the next film asks again. Firefox 153 does not follow edits: it plays what was cut out of a film, and tells
 * the length that remains. Chromium 156 leaves out the pictures of a Matroska's H.264 before its sound begins, and counts
 * from there.
 */
export async function playerHas(habit: PlayerHabit): Promise<boolean> {
  const answer = asked.get(habit) ?? ask(habit);
  asked.set(habit, answer);
  const has = await answer;
  if (has === null) asked.delete(habit);
  return has ?? false;
}

/** Null where the player gives no answer. */
async function ask(habit: PlayerHabit): Promise<boolean | null> {
  const bytes = Uint8Array.from(atob(PROBE_FILMS[habit]), (letter) => letter.charCodeAt(0));
  const url = URL.createObjectURL(new Blob([bytes], { type: habit === 'beginsWithPicture' ? 'video/x-matroska' : 'video/mp4' }));
  const player = document.createElement('video');
  const until = performance.now() + LONGEST_WAIT_MS;
  try {
    player.muted = true;
    player.preload = 'auto';
    player.src = url;
    const isLoaded = await new Promise<boolean>((resolve) => {
      player.addEventListener('loadeddata', () => resolve(true), { once: true });
      player.addEventListener('error', () => resolve(false), { once: true });
      setTimeout(() => resolve(false), LONGEST_WAIT_MS);
    });
    if (!isLoaded) return null;
    if (habit === 'letsLastStand') return player.duration > STANDS_S;
    const green = await firstGreen(player, until);
    return green === null ? null : green > BRIGHT;
  } finally {
    player.removeAttribute('src');
    player.load();
    URL.revokeObjectURL(url);
  }
}

/** How green the first picture is; null where none comes: on a busy machine a player with data may still have none to draw. */
async function firstGreen(player: HTMLVideoElement, until: number): Promise<number | null> {
  const context = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  while (context && performance.now() < until) {
    context.drawImage(player, 0, 0, 1, 1);
    const [, green, , opaque] = context.getImageData(0, 0, 1, 1).data;
    if (opaque) return green!;
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
  }
  return null;
}
