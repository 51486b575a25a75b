/** How many lighter cuts a computer carries at once while its guider goes on marking. */

import type { FilmFacts } from '../types';

/**
 * One keeps a core and a half busy: most of it is one thread, which scales, turns and colours the pictures (63 % of 15.6 s
 * of processor for 10 s of 1080p, Chromium 156), the rest decodes and encodes beside it.
 */
const CORES_EACH = 1.5;
/** For the page and the player. */
const CORES_LEFT = 1;
export const MOST_AT_ONCE = 3;
/** A decoder of 4K holds 200 MB and more. */
const LARGE_PX = 2_500_000;
const MOST_LARGE = 2;
const LITTLE_MEMORY_GB = 4;

export interface Computer {
  /** As browsers tell it: those that a core runs side by side count as well. */
  readonly cores: number;
  /** As Chromium tells it, 8 at most; null where a browser does not tell. */
  readonly memoryGb: number | null;
}

export function thisComputer(): Computer {
  const { hardwareConcurrency, deviceMemory } = navigator as Navigator & { deviceMemory?: number };
  return { cores: hardwareConcurrency, memoryGb: deviceMemory ?? null };
}

/** At least one. While the film plays, no more than that: it must not stutter. */
export function lightCutsAtOnce(facts: Pick<FilmFacts, 'widthPx' | 'heightPx'>, isPlaying: boolean, computer: Computer): number {
  if (isPlaying || (computer.memoryGb !== null && computer.memoryGb < LITTLE_MEMORY_GB)) return 1;
  const most = facts.widthPx * facts.heightPx > LARGE_PX ? MOST_LARGE : MOST_AT_ONCE;
  return Math.min(most, Math.max(1, Math.floor((computer.cores - CORES_LEFT) / CORES_EACH)));
}
