/** How long the last picture of a WebM stands: the file does not say, and players let it stand while the sound goes on. */

import { MATROSKA, WEBM } from 'mediabunny';

import { codecDelay } from './matroska';
import type { FilmSource } from './source';

/** A picture that is on the screen for longer stands there, as one of a frozen call does; the service has the same bound. */
export const STANDS_S = 0.5;

const heard = new WeakMap<FilmSource, Promise<number>>();

/** Until when the sound of a WebM goes on, in ticks of the picture; 0 of other films, which say how long theirs stands. */
export function heardUntilTicks(film: FilmSource): Promise<number> {
  const known = heard.get(film) ?? find(film);
  heard.set(film, known);
  return known;
}

async function find({ input, audio, file, clock }: FilmSource): Promise<number> {
  const format = await input.getFormat();
  if (!audio || !file || (format !== MATROSKA && format !== WEBM)) return 0;
  return Math.floor(((await audio.computeDuration()) - (await codecDelay(file, audio.id))) * clock.ticksPerSecond);
}
