/** A family's films in a guider's words: which one it is, where it stands, and what comes next. */

import type { FilmLine, FilmOf } from '../api/types';

const DAY_MS = 24 * 3600 * 1000;
const DAYS_BY_NAME = 6;

/** `film`, `diary` or `review recording`. */
export function kindOf(of: FilmOf, hasPicture = true): string {
  if (of === 'review_recording') return 'review recording';
  return hasPicture ? /* @wc-include */ 'film' : /* @wc-include */ 'diary';
}

/** `K-104 · cycle 2 · review recording`: which film it is, wherever it is named. */
export function titleOfFilm(film: { family: string; cycle: number; of?: FilmOf | undefined; hasPicture?: boolean | undefined }): string {
  return `${film.family} · cycle ${film.cycle} · ${kindOf(film.of ?? 'family_film', film.hasPicture)}`;
}

export interface Stand {
  readonly words: string;
  /** `wanted`: somebody has to do something. */
  readonly tone: 'ready' | 'going' | 'wanted';
}

export function standOf(line: Pick<FilmLine, 'state' | 'unconfirmed'>): Stand {
  if (line.unconfirmed) return { words: 'please look at every picture', tone: 'wanted' };
  switch (line.state) {
    case 'ready': return { words: 'ready', tone: 'ready' };
    case 'failed': return { words: 'needs you', tone: 'wanted' };
    case 'receiving': return { words: 'still arriving', tone: 'going' };
    case 'preparing': return { words: 'being prepared', tone: 'going' };
  }
}

export interface Cycle {
  readonly cycle: number;
  readonly films: FilmLine[];
}

/** The latest cycle first; within one as the service orders them: films before recordings of the review. */
export function cyclesOf(films: readonly FilmLine[]): Cycle[] {
  const numbers = [...new Set(films.map((line) => line.cycle))].sort((a, b) => b - a);
  return numbers.map((cycle) => ({ cycle, films: films.filter((line) => line.cycle === cycle) }));
}

/** The cycle that a new film begins: after the last that has a film of the family. */
export function nextCycle(films: readonly FilmLine[]): number {
  return Math.max(0, ...films.filter((line) => line.of === 'family_film').map((line) => line.cycle)) + 1;
}

/** `today`, `yesterday`, `tomorrow`, `Thursday`, `3 Nov`, `3 Nov 2025`. */
export function sayDay(iso: string | number, now = new Date()): string {
  const then = new Date(iso);
  const days = Math.round((midnight(now) - midnight(then)) / DAY_MS);
  if (days === 0) return 'today';
  if (days === 1) return 'yesterday';
  if (days === -1) return 'tomorrow';
  if (days > 1 && days <= DAYS_BY_NAME) return then.toLocaleDateString('en-GB', { weekday: 'long' });
  const year = then.getFullYear() === now.getFullYear() ? {} : { year: 'numeric' as const };
  return then.toLocaleDateString('en-GB', { day: 'numeric', month: 'short', ...year });
}

const midnight = (day: Date): number => new Date(day.getFullYear(), day.getMonth(), day.getDate()).getTime();

/** Words in the names that cameras and phones give their films: `IMG_2041.MOV`, `VID-20261128-WA0003.mp4`. */
const OF_CAMERAS = new Set(['img', 'vid', 'dsc', 'dscf', 'dscn', 'mvi', 'mov', 'pxl', 'gopr', 'gh', 'gx', 'gp', 'sam', 'wa', 'wp', 'video', 'film', 'clip', 'trim', 'whatsapp', 'signal', 'at', 'hd', 'ts']);

/** Whether a film's name says nothing of anybody, so that it may stand where somebody else looks on. */
export function isCamerasName(name: string): boolean {
  const words = name.replace(/\.[^.]*$/, '').toLowerCase().match(/\p{L}+/gu) ?? [];
  return words.every((word) => OF_CAMERAS.has(word));
}
