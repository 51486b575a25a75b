/** What this browser's player makes of odd films, asked by tiny ones instead of by the browser's name. */

import type { PlayerHabit } from '../types';
import { PROBE_FILMS } from './probeFilms';

/** A busy laptop takes seconds even for this; only a player that never answers is waited for as long. */
const LONGEST_WAIT_MS = 20_000;
/** Between the dark pictures, which are not to be shown first, and the bright ones. */
const BRIGHT = 128;
/** Each probe is over sooner, unless its last picture stands. */
const STANDS_S = 1.5;

const asked = new Map<PlayerHabit, Promise<boolean>>();

/**
 * Whether this browser's player has a habit on which what the desk shows depends; false also where it gives no answer.
 * Firefox 153 does not follow edits: it plays what was cut out of a film, and tells the length that remains.
 */
export function playerHas(habit: PlayerHabit): Promise<boolean> {
  const known = asked.get(habit) ?? ask(habit);
  asked.set(habit, known);
  return known;
}

async function ask(habit: PlayerHabit): Promise<boolean> {
  const bytes = Uint8Array.from(atob(PROBE_FILMS[habit]), (letter) => letter.charCodeAt(0));
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
    if (habit === 'letsLastStand') return player.duration > STANDS_S;
    context.drawImage(player, 0, 0, 1, 1);
    return context.getImageData(0, 0, 1, 1).data[1]! > BRIGHT;
  } finally {
    player.removeAttribute('src');
    player.load();
    URL.revokeObjectURL(url);
  }
}
