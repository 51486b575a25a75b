/** A guider's marks, and the keys that tell whether a cut still matches its mark. */

import type { CutMode, FinishedCut, Moment, Span } from '../film';
import type { FilmOf } from '../api/types';

interface Words {
  readonly id: string;
  caption: string;
  principle: string | null;
  /** Those of the family who can be neither seen nor heard in it, by role and initials. */
  unseen?: string[];
  /** The service's id of the selection that it was sent in. */
  sentIn?: string;
  /** The service's id of the moment that came of it. */
  sentAs?: string;
}

export interface ClipMark extends Words {
  readonly kind: 'clip';
  inMs: number;
  outMs: number;
}

export interface StillMark extends Words {
  readonly kind: 'still';
  atMs: number;
  /** False: the sharpest frame near it is taken. */
  exact: boolean;
}

export type Mark = ClipMark | StillMark;

/** Details of the review around the moments. */
export interface Details {
  family: string;
  cycle: number;
  question: string;
  points: string[];
  /** The day of the review, as in 2026-12-01; empty where it was not said. */
  reviewOn: string;
  of: FilmOf;
}

/** So long marks are kept that nobody goes on with. */
export const DRAFT_MS = 30 * 24 * 3600 * 1000;

/** How the moments are sent. */
export type Way = Exclude<CutMode, 'covered'> | 'whole';

/** The marking of a film as stored in this browser. */
export interface Draft {
  key: string;
  /** The film's own name, to find it again by; it may be a person's, and never leaves this browser. */
  name?: string;
  savedAt: number;
  durationMs: number;
  marks: Mark[];
  details: Details;
  way: Way;
  cuts: KeptCut[];
  /** The service's ids of what was sent of these marks: when all of that is erased, they go as well. */
  sent?: string[];
}

/** A finished cut, the mark it belongs to and the span it was made for. */
export interface KeptCut {
  mark: string;
  mode: CutMode;
  span: string;
  cut: FinishedCut;
}

export const startOf = (mark: Mark): number => (mark.kind === 'clip' ? mark.inMs : mark.atMs);
export const lengthOf = (mark: Mark): number => (mark.kind === 'clip' ? mark.outMs - mark.inMs : 0);

/** The film's time that a mark takes up; a still's is not empty. */
export const extentOf = (mark: Mark): Span => (mark.kind === 'clip' ? { fromMs: mark.inMs, toMs: mark.outMs } : { fromMs: mark.atMs, toMs: mark.atMs + 1 });

/** Key of a mark's span; equal keys have equal cuts. */
export function spanOf(mark: Mark): string {
  return mark.kind === 'clip' ? `${mark.inMs}-${mark.outMs}` : `${mark.atMs}${mark.exact ? '' : '~'}`;
}

export function momentOf(mark: Mark): Moment {
  return mark.kind === 'clip'
    ? { kind: 'clip', inMs: mark.inMs, outMs: mark.outMs }
    : { kind: 'still', atMs: mark.atMs, exact: mark.exact };
}

/** Clips first, then stills, each in review order; the service numbers them the same way. */
export function inOrder(marks: readonly Mark[]): Mark[] {
  return [...marks.filter((mark) => mark.kind === 'clip'), ...marks.filter((mark) => mark.kind === 'still')];
}

/** `Clip 2`, `Still 1`; with so many of its kind `before` these marks. */
export function titleOf(mark: Mark, marks: readonly Mark[], before = 0): string {
  const number = before + marks.filter((one) => one.kind === mark.kind).findIndex((one) => one.id === mark.id) + 1;
  return `${mark.kind === 'clip' ? 'Clip' : 'Still'} ${number}`;
}

/**
 * The moment `places` after the chosen one in the order of the list; with none chosen, the nearest that begins after
 * `atMs`, or before it where backwards. Undefined where there is none.
 */
export function neighbourOf(ordered: readonly Mark[], chosen: Mark | undefined, places: -1 | 1, atMs: number): Mark | undefined {
  const at = ordered.findIndex((mark) => mark.id === chosen?.id);
  if (at >= 0) return ordered[at + places];
  const byTime = [...ordered].sort((a, b) => startOf(a) - startOf(b));
  return places > 0 ? byTime.find((mark) => startOf(mark) >= atMs) : byTime.findLast((mark) => startOf(mark) <= atMs);
}
