/** Words of the logbook. */

import type { CycleView, LogbookView, RatingView } from '../api/types';

type Hours = LogbookView['hours'][number];

export const KINDS: Record<Hours['kind'], string> = { supervision: 'Supervision', intervision: 'Intervision', training: 'Training day' };
export const ROLES: Partial<Record<Hours['role'] | CycleView['role'], string>> = { supervisee: 'as supervisee', supervisor: 'as supervisor', peer: 'as peer' };

export const dayOfLogbook = (iso: string | null): string =>
  iso ? new Date(iso).toLocaleDateString('en-GB', { day: 'numeric', month: 'short', year: 'numeric' }) : '–';

/** By which code somebody rates unless they take another one: `self` who works on it, else their own or the next free `sup-…`. */
export function raterOf(ratings: readonly Pick<RatingView, 'rater' | 'may_change'>[], mayWork: boolean): string {
  if (mayWork) return 'self';
  const own = ratings.find((one) => one.may_change);
  if (own) return own.rater;
  const taken = new Set(ratings.map((one) => one.rater));
  for (let n = 1; ; n += 1) if (!taken.has(`sup-${n}`)) return `sup-${n}`;
}
