/** Which pictures of a film travel with a moment, and the same moment on the clock of the file that holds only those. */

import type { EncodedPacket } from 'mediabunny';

import { moveBoundary } from '../read/clock';
import { FilmProblem } from '../problem';
import type { CutTimes, Moment } from '../types';
import { decodeEntryPoint, findFrameRange, frameTickAt, type FilmSource, type FrameRange } from '../read/source';

/** The service looks this far for the sharpest frame around a still; a neighbour may be chosen afterwards, too. */
const STILL_SEARCH_MS = 400;
/**
 * What travels around a clip, so that its ends can be moved once it is sent: a response of the child often comes just
 * after. Where key pictures are far apart, nothing is added at the start (docs/decisions.md has the figures).
 */
export const LEAD_IN_MS = 500;
const AFTER_MS = 1000;
const MOST_BEFORE_MS = 2500;

export interface CutSpan {
  /** What travels. */
  readonly stretch: FrameRange;
  /** The first tick of the moment, and the first after it. */
  readonly fromTicks: number;
  readonly toTicks: number;
  /** The first tick that does not travel, if nothing else leans on it. */
  readonly endTicks: number;
}

/** The pictures of `moment`. Throws FilmProblem moment_outside_film, moment_empty. */
export async function findCutSpan(film: FilmSource, moment: Moment): Promise<CutSpan> {
  const { clock } = film;
  if (moment.kind === 'clip') {
    const fromTicks = clock.ticksAt(moment.inMs);
    const toTicks = clock.ticksAt(moment.outMs);
    if (fromTicks >= toTicks) throw new FilmProblem('moment_empty', 'in is not before out');
    const endTicks = clock.ticksAt(moment.outMs + AFTER_MS);
    const stretch = await findFrameRange(film, fromTicks, endTicks, await entryBefore(film, moment.inMs));
    if (!stretch.shown.some((ticks) => ticks >= fromTicks && ticks < toTicks)) {
      const ended = stretch.next === null && (stretch.shown.at(-1) ?? 0) < toTicks;
      throw new FilmProblem(ended ? 'moment_outside_film' : 'moment_empty');
    }
    return { stretch, fromTicks, toTicks, endTicks };
  }
  const shownTicks = await frameTickAt(film, moment.atMs);
  const searched = moment.exact === false ? await frameTickAt(film, Math.max(0, moment.atMs - STILL_SEARCH_MS)) : shownTicks;
  const endTicks = Math.max(clock.ticksAt(moment.atMs + STILL_SEARCH_MS + 1), shownTicks + 1);
  const stretch = await findFrameRange(film, searched, endTicks);
  if (!stretch.shown.includes(shownTicks)) throw new FilmProblem('moment_empty', 'no picture there');
  return { stretch, fromTicks: shownTicks, toTicks: shownTicks + 1, endTicks };
}

/** Where decoding begins a little before `inMs`; at the moment's own key picture where that would be far before. */
async function entryBefore(film: FilmSource, inMs: number): Promise<EncodedPacket> {
  const { clock } = film;
  const early = await decodeEntryPoint(film, clock.ticksAt(Math.max(0, inMs - LEAD_IN_MS)));
  const beforeMs = inMs - clock.exactMsAt(clock.ticks(early.timestamp));
  return beforeMs <= MOST_BEFORE_MS ? early : decodeEntryPoint(film, clock.ticksAt(inMs));
}

/**
 * The same moment on the clock of the cut.
 *
 * `written` holds the film's ticks of the pictures in the cut, in the order shown; `cutMs` when the cut shows each, in
 * exact milliseconds after its first, as read back from the finished file.
 */
export function toCutClock(
  film: FilmSource,
  moment: Moment,
  wanted: CutSpan,
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
