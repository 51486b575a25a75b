/** Which pictures of a film travel with a moment, and the same moment on the clock of the file that holds only those. */

import { STILL_SEARCH_MS } from '../../limits';
import { moveBoundary } from '../read/clock';
import { FilmProblem } from '../problem';
import type { CutTimes, Moment } from '../types';
import { decodeEntryPoint, findFrameRange, frameTickAt, frameTicksBetween, findEndTicks, type FrameRange } from '../read/frames';
import { filmFromOf, isShown, pieceIndexAt, type Piece } from '../read/pieces';
import type { FilmSource } from '../read/source';

/**
 * What travels around a clip, so that its ends can be moved once it is sent: a response of the child often comes just
 * after. Where key frames are far apart, nothing is added at the start (docs/decisions/web.md has the figures).
 */
const LEAD_IN_MS = 500;
const AFTER_MS = 1000;
const MOST_BEFORE_MS = 2500;
/** A clip in which no picture begins shows the one that stands there, as a frozen call does, if it is at least as long. */
const LEAST_STANDING_MS = 100;

/** All in film ticks. */
export interface CutSpan {
  /**
   * What is copied; null where the moment cannot be copied without pictures that were cut out of the film: it lies over
   * a join, or its pictures lean on ones that are not shown.
   */
  readonly copied: FrameRange | null;
  /** The first tick of the moment, and the first after it. */
  readonly fromTicks: number;
  readonly toTicks: number;
  /** The first tick that travels if the moment is encoded anew. */
  readonly leadInTicks: number;
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
    const begun = await frameTicksBetween(film, fromTicks, toTicks);
    const first = begun[0] ?? (await standingAt(film, moment));
    if (first === null) {
      const { next } = await findFrameRange(film, toTicks - 1, toTicks);
      throw new FilmProblem(next === null ? 'moment_outside_film' : 'moment_empty');
    }
    const endTicks = clock.ticksAt(moment.outMs + AFTER_MS);
    const leadInTicks = await frameTickAt(film, Math.max(0, moment.inMs - LEAD_IN_MS));
    const index = pieceIndexAt(film.pieces, first);
    const isJoined = pieceIndexAt(film.pieces, begun.at(-1) ?? first) !== index;
    const copied = isJoined ? null : await findCopied(film, moment.inMs, film.pieces[index]!, toTicks, endTicks);
    return { copied, fromTicks, toTicks, leadInTicks, endTicks };
  }
  const shownTicks = await frameTickAt(film, moment.atMs);
  const piece = film.pieces[pieceIndexAt(film.pieces, shownTicks)]!;
  const searched = moment.exact === false ? await frameTickAt(film, Math.max(0, moment.atMs - STILL_SEARCH_MS)) : shownTicks;
  const leadInTicks = Math.max(searched, filmFromOf(piece));
  const endTicks = Math.max(clock.ticksAt(moment.atMs + STILL_SEARCH_MS + 1), shownTicks + 1);
  const range = await findFrameRange(film, leadInTicks, endTicks, undefined, shownTicks + 1);
  if (!range.shown.includes(shownTicks)) throw new FilmProblem('moment_empty', 'no picture there');
  const copied = range.leansOnHidden ? null : range;
  return { copied, fromTicks: shownTicks, toTicks: shownTicks + 1, leadInTicks, endTicks };
}

/**
 * The same with nothing around the moment, for one that is encoded with somebody covered: all but its own pictures stay.
 * Where it begins while a picture stands that began before, that one goes along, and is for the caller to cover whole.
 * One picture of a still; the standing one of a clip in which none begins, which is then the moment's own.
 */
export async function onlyItself(film: FilmSource, moment: Moment): Promise<CutSpan> {
  const { fromTicks, toTicks } = await findCutSpan(film, moment.kind === 'still' ? { ...moment, exact: true } : moment);
  if (moment.kind === 'still') {
    const { next } = await findFrameRange(film, fromTicks, toTicks);
    return { copied: null, fromTicks, toTicks, leadInTicks: fromTicks, endTicks: next ?? (await findEndTicks(film)) };
  }
  const begun = await frameTicksBetween(film, fromTicks, toTicks);
  const standing = await frameTickAt(film, moment.inMs);
  if (!begun.length) return { copied: null, fromTicks: standing, toTicks, leadInTicks: standing, endTicks: toTicks };
  const isLate = film.clock.msAt(begun[0]!) > moment.inMs;
  return { copied: null, fromTicks, toTicks, leadInTicks: isLate ? standing : begun[0]!, endTicks: toTicks };
}

/** The picture that stands throughout a clip in which none begins; null where it is too short, or the film has ended. */
async function standingAt(film: FilmSource, { inMs, outMs }: { inMs: number; outMs: number }): Promise<number | null> {
  const endMs = Math.min(outMs, film.clock.msAt(await findEndTicks(film)));
  return endMs - inMs < LEAST_STANDING_MS ? null : frameTickAt(film, inMs);
}

/** What can be copied of a clip within one piece: from a little before it, where nothing hidden would come along. */
async function findCopied(
  film: FilmSource,
  inMs: number,
  piece: Piece,
  toTicks: number,
  endTicks: number,
): Promise<FrameRange | null> {
  const { clock } = film;
  const storedAt = (ms: number): number => Math.max(clock.ticksAt(ms) - piece.shift, piece.storedFrom);
  const early = await decodeEntryPoint(film, storedAt(Math.max(0, inMs - LEAD_IN_MS)));
  const earlyTicks = clock.ticks(early.timestamp);
  const isNear = inMs - clock.exactMsAt(earlyTicks + piece.shift) <= MOST_BEFORE_MS;
  const entry = isNear && isShown(piece, earlyTicks) ? early : await decodeEntryPoint(film, storedAt(inMs));
  const range = await findFrameRange(film, storedAt(inMs) + piece.shift, endTicks, entry, toTicks);
  return range.leansOnHidden ? null : range;
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
