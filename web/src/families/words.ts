/** Whose a family is and who sees it, in plain sentences. */

import type { FamilyView, ShareView } from '../api/types';
import { dayOf, whenOf } from '../account/words';
import type { CodeHint } from './codeHints';

/** What somebody may do with a family; `null` where it is not known. */
export type Right = 'own' | 'work' | 'see';

/** Whether they may rate a recording of it: who works on it, or supervises. */
export const mayRate = (family: FamilyView): boolean =>
  family.mine || family.shares.some((share) => share.kind === 'colleague' || share.kind === 'supervisor');

const LAST_MOMENT_MS = 1;
/** What one supervision usually needs. */
export const USUAL_DAYS = 28;

/** The rights that a family's record tells, with one of its reviews or with the whole. */
export function rightTo(family: FamilyView): Right {
  if (family.mine) return 'own';
  return family.shares.some((share) => share.kind === 'colleague') ? 'work' : 'see';
}

/** `until 3 Dec 2026`, the last day on which it is shared; '' where it does not end by itself. */
export const lastDayOf = (share: Pick<ShareView, 'until' | 'kind'>): string =>
  share.until && share.kind === 'break_glass' ? `until ${whenOf(share.until)}`
  : share.until ? `until ${dayOf(new Date(Date.parse(share.until) - LAST_MOMENT_MS).toISOString())}` : '';

/** What one share lets somebody do. */
export function whatOf(share: ShareView, selectionId = ''): string {
  const which = !share.selection_id ? 'the whole family' : share.selection_id === selectionId ? 'this review' : 'one review';
  const what = {
    colleague: 'sees and works on the whole family',
    supervisor: `sees ${which} for supervision and changes nothing`,
    break_glass: 'opened it in an emergency and changes nothing',
  }[share.kind];
  return [what, lastDayOf(share)].filter(Boolean).join(', ');
}

/** `Only you see it`, `You and Ben see it`, `You, Ben and Sol see it`. */
export function seenBy(shares: readonly ShareView[]): string {
  const names = [...new Set(shares.map((share) => share.name))];
  const last = names.pop();
  if (!last) return 'Only you see it';
  return `${['You', ...names].join(', ')} and ${last} see it`;
}

/** What somebody with whom it is shared should know. */
export function sharedBy(family: FamilyView): string {
  const working = family.shares.find((share) => share.kind === 'colleague');
  const share = working ?? family.shares[0];
  const until = share ? lastDayOf(share) : '';
  const end = until ? `, ${until}` : '';
  if (working) return `${family.owner}’s family. You work on it together${end}.`;
  if (share?.kind === 'break_glass') return `${family.owner}’s family. You opened it in an emergency, and ${family.owner} knows${end}.`;
  return `${family.owner}’s family, shared with you for supervision${end}. You can look at everything and change nothing.`;
}

/** What to ask about a code; '' for one that says nothing of anybody. */
export function hintOf(hints: readonly CodeHint[]): string {
  if (hints.includes('like_a_name')) return 'Is this a name, or part of one? Everybody who is shown the review, or a file of it, would know whose it is.';
  if (hints.includes('no_digit')) return 'This code has no digit. Is it a name, or a word that tells which family it is?';
  return '';
}
