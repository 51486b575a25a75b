/** Whether this browser's player shows of a film, at its times, the pictures that this page shows and cuts. */

import { FilmProblem } from '../problem';
import type { Film } from '../types';

const PLACES = 6;
const SPAN_MS = 1000;
const HEIGHT_PX = 36;
/** A picture's time on the page is rounded down. */
const NEAR_MS = 2;
const MOST_BEHIND_MS = 100;
const LONGEST_WAIT_MS = 10_000;
/** By so much the picture may come after the word that it was sought. */
const LATE_MS = 3000;
const CELLS = 16;
/** Tone mapping and guesses at colours change how bright a picture is, hardly where it is bright. */
const LEAST_LIKENESS = 0.85;
/** Of 255: below, a picture is too flat to be told from another. */
const LEAST_CONTRAST = 4;

/**
 * Asked of films that players read in more than one way (`FilmFacts.mayPlayOtherwise`): its beginning and some places
 * spread over it are sought and compared. False also where the player gives no answer, or the page has no picture of its
 * own to compare with: of a film with two descriptions Chromium 156 shows the first one's last picture to the end.
 *
 * Chromium 156 shows of a shortened film with intra refresh a picture twenty later at its 0, reckons joins of an uneven
 * rate otherwise, and finds of a film without a list of key pictures only these.
 */
export async function playerAgrees(film: Film, url: string): Promise<boolean> {
  const player = document.createElement('video');
  try {
    player.muted = true;
    player.preload = 'auto';
    const begun = firstPicture(player);
    player.src = url;
    const zeroMs = await begun;
    if (zeroMs === null || !(await isLike(film, player, 0))) return false;
    let lastMs = 0;
    for (let place = 1; place <= PLACES; place++) {
      const aroundMs = Math.floor((film.facts.durationMs - 1) * (place / PLACES));
      const times = await film.frameTimes(aroundMs, SPAN_MS);
      const atMs = times.findLast((ms) => ms <= aroundMs);
      // A picture that is shown already is not told of again.
      if (atMs === undefined || atMs === lastMs) continue;
      lastMs = atMs;
      const afterMs = times.find((ms) => ms > atMs) ?? film.facts.durationMs;
      const isShown = shows(player, zeroMs + atMs);
      player.currentTime = (zeroMs + atMs + Math.min(MOST_BEHIND_MS, (afterMs - atMs) / 2)) / 1000;
      if (!(await isShown) || !(await isLike(film, player, atMs))) return false;
    }
    return true;
  } catch (error) {
    // What the page has no picture of it cannot compare. Anything else is a fault of ours: the film is shown picture by
    // picture all the same, and what watches for errors hears of it.
    if (!isOfTheFilm(error)) reportError(error);
    return false;
  } finally {
    player.removeAttribute('src');
    player.load();
  }
}

/** Whether an error tells of the film, or of its being closed meanwhile. */
export function isOfTheFilm(error: unknown): boolean {
  if (error instanceof FilmProblem) return error.code !== 'unexpected';
  return error instanceof DOMException && error.name === 'AbortError';
}

/** The media time, in ms, of the first picture that it shows; null where none comes. */
function firstPicture(player: HTMLVideoElement): Promise<number | null> {
  return new Promise((resolve) => {
    player.requestVideoFrameCallback((_now, { mediaTime }) => resolve(mediaTime * 1000));
    player.addEventListener('error', () => resolve(null), { once: true });
    setTimeout(() => resolve(null), LONGEST_WAIT_MS);
  });
}

/** Whether it shows the picture of that media time. A player says what it shows before it says that it has sought. */
function shows(player: HTMLVideoElement, wantedMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const give = (is: boolean): void => {
      player.cancelVideoFrameCallback(handle);
      player.removeEventListener('seeked', wait);
      resolve(is);
    };
    const look = (_now: number, { mediaTime }: VideoFrameCallbackMetadata): void => {
      if (Math.abs(mediaTime * 1000 - wantedMs) <= NEAR_MS) give(true);
      else handle = player.requestVideoFrameCallback(look);
    };
    const wait = (): unknown => setTimeout(give, LATE_MS, false);
    let handle = player.requestVideoFrameCallback(look);
    player.addEventListener('seeked', wait);
    setTimeout(give, LONGEST_WAIT_MS, false);
  });
}

async function isLike(film: Film, player: HTMLVideoElement, atMs: number): Promise<boolean> {
  const own = await film.picture(atMs, HEIGHT_PX);
  const [ours, theirs] = [brightness(own), brightness(player)];
  own.close();
  return likeness(ours, theirs) >= LEAST_LIKENESS;
}

function brightness(picture: ImageBitmap | HTMLVideoElement): number[] {
  const context = new OffscreenCanvas(CELLS, CELLS).getContext('2d', { willReadFrequently: true })!;
  context.imageSmoothingQuality = 'high';
  context.drawImage(picture, 0, 0, CELLS, CELLS);
  const { data } = context.getImageData(0, 0, CELLS, CELLS);
  return Array.from({ length: CELLS * CELLS }, (_, cell) => 0.299 * data[4 * cell]! + 0.587 * data[4 * cell + 1]! + 0.114 * data[4 * cell + 2]!);
}

/** How far two pictures are bright and dark in the same places: Pearson's coefficient, 1 where both are too flat to tell. */
function likeness(a: readonly number[], b: readonly number[]): number {
  const [aside, bside] = [a, b].map((cells) => {
    const mean = cells.reduce((sum, cell) => sum + cell, 0) / cells.length;
    return cells.map((cell) => cell - mean);
  }) as [number[], number[]];
  const [spread, other] = [aside, bside].map((cells) => Math.sqrt(cells.reduce((sum, cell) => sum + cell ** 2, 0))) as [number, number];
  const flat = LEAST_CONTRAST * CELLS;
  if (spread < flat && other < flat) return 1;
  return aside.reduce((sum, cell, at) => sum + cell * bside[at]!, 0) / Math.max(1, spread * other);
}
