/** What this browser's player says of a film, held against what the page found in it. */

import type { Film, FilmFacts } from '../types';
import { playerAgrees } from './playerAgrees';
import { playerHas } from './playerHabits';

const LONGEST_WAIT_MS = 20_000;
const SAME_SHAPE = 0.04;
const MOST_STRETCHED = 2.5;
/** A packet of sound may count or not. */
const SOUND_PACKET_S = 0.025;

/** Whether the film at `url` may be given to the player: what is known of its habits, and a look where films differ. */
export async function mayBePlayed(film: Film, url: string): Promise<boolean> {
  const asExpected = await Promise.all(film.facts.leansOn.map(playerHas));
  return !asExpected.includes(false) && (!film.facts.mayPlayOtherwise || playerAgrees(film, url));
}

/** Whether the player has pictures of a film that the page decodes itself: Firefox 153 plays HEVC, and decodes none for pages. */
export function playerShows(url: string): Promise<boolean> {
  const player = document.createElement('video');
  player.muted = true;
  player.preload = 'metadata';
  const answer = new Promise<boolean>((resolve) => {
    player.addEventListener('loadedmetadata', () => resolve(player.videoWidth > 0), { once: true });
    player.addEventListener('error', () => resolve(false), { once: true });
    setTimeout(resolve, LONGEST_WAIT_MS, false);
  });
  player.src = url;
  return answer.finally(() => {
    player.removeAttribute('src');
    player.load();
  });
}

/** Whether the player may be given the film for its sound alone: of what is cut out nothing must be heard. */
export async function mayBeHeard({ facts }: Film): Promise<boolean> {
  return facts.hasSound && (!facts.leansOn.includes('followsEdits') || playerHas('followsEdits'));
}

/**
 * Whether the length that the player tells is one of the film's, to one picture. `otherwise`: what it shows may not be
 * what is cut; `part`: its head is careless, so the film is shown picture by picture.
 */
export function compareLength(facts: FilmFacts, playerS: number): 'same' | 'part' | 'otherwise' {
  const { playerLengthsS, headTellsLength, canShow, fps } = facts;
  if (!playerLengthsS.length || !Number.isFinite(playerS)) return 'same';
  const nearS = Math.max(SOUND_PACKET_S, 1 / Math.max(1, fps));
  if (playerLengthsS.some((lengthS) => Math.abs(playerS - lengthS) <= nearS)) return 'same';
  return !headTellsLength && canShow ? 'part' : 'otherwise';
}

/** Whether the player shows a picture of the film's shape. Players differ in which side they stretch where pixels are not square. */
export function isSameSize({ widthPx, heightPx }: FilmFacts, width: number, height: number): boolean {
  if (!heightPx) return true;
  if (!width || !height) return false;
  const area = (width * height) / (widthPx * heightPx);
  return Math.abs((width / height) * (heightPx / widthPx) - 1) < SAME_SHAPE && area > 1 / MOST_STRETCHED && area < MOST_STRETCHED;
}
