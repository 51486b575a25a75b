/** Which pictures of a film a moment needs, and the same moment on the clock of the file that holds only those. */

import { moveBoundary } from './clock';
import { FilmProblem } from './problem';
import type { CutTimes, Moment } from './shapes';
import { findStretch, shownAt, type FilmSource, type Stretch } from './source';

/** The service looks this far for the sharpest frame around a still that need not be exact. */
const STILL_SEARCH_MS = 400;

export interface Wanted {
  readonly stretch: Stretch;
  /** The first tick of the moment, and the first after it. */
  readonly fromTicks: number;
  readonly toTicks: number;
}

/** The pictures of `moment`. Throws FilmProblem moment_outside_film, moment_empty. */
export async function findWanted(film: FilmSource, moment: Moment): Promise<Wanted> {
  const { clock } = film;
  if (moment.kind === 'clip') {
    const fromTicks = clock.ticksAt(moment.inMs);
    const toTicks = clock.ticksAt(moment.outMs);
    if (fromTicks >= toTicks) throw new FilmProblem('moment_empty', 'in is not before out');
    const stretch = await findStretch(film, fromTicks, toTicks);
    const inside = stretch.shown.some((ticks) => ticks >= fromTicks && ticks < toTicks);
    if (!inside) throw new FilmProblem(stretch.next === null ? 'moment_outside_film' : 'moment_empty');
    return { stretch, fromTicks, toTicks };
  }
  const around = moment.exact === false ? STILL_SEARCH_MS : 0;
  const fromTicks = await shownAt(film, Math.max(0, moment.atMs - around));
  const shownTicks = around ? await shownAt(film, moment.atMs) : fromTicks;
  const toTicks = around ? Math.max(clock.ticksAt(moment.atMs + around + 1), shownTicks + 1) : fromTicks + 1;
  const stretch = await findStretch(film, fromTicks, toTicks);
  if (!stretch.shown.includes(shownTicks)) throw new FilmProblem('moment_empty', 'no picture there');
  return { stretch, fromTicks: shownTicks, toTicks };
}

/**
 * The same moment on the clock of the cut.
 *
 * `written` holds the film's ticks of the pictures in the cut, in the order shown; `cutMs` when the cut shows each, in
 * exact milliseconds after its first, as read back from the finished file.
 */
export function onCutClock(
  film: FilmSource,
  moment: Moment,
  wanted: Wanted,
  written: readonly number[],
  cutMs: readonly number[],
): CutTimes {
  const startMs = film.clock.exactMsAt(written[0] ?? 0);
  if (moment.kind === 'still') {
    const shown = cutMs[written.indexOf(wanted.fromTicks)];
    if (shown === undefined) throw new FilmProblem('moment_empty', 'the still was not written');
    return { at: Math.floor(shown) };
  }
  const boundary = (ms: number, ticks: number): number => {
    const after = written.findIndex((at) => at >= ticks);
    const end = after < 0 ? written.length : after;
    return moveBoundary(ms - startMs, cutMs[end - 1] ?? null, cutMs[end] ?? null);
  };
  return { in: boundary(moment.inMs, wanted.fromTicks), out: boundary(moment.outMs, wanted.toTicks) };
}
