/** Copies that left, in plain words. */

import { dayOf, nameOfAccount } from '../account/words';
import type { Carrier, HandedOutCopy } from '../api/types';
import { count } from '../ui/format';

const NAMES: Record<string, string> = {
  review_pack: 'Review pack',
  picture_notes: 'Picture notes',
  plan_page: 'Our plan',
  booklet: 'Booklet',
  strip: 'Strip',
  phone_pictures: 'Pictures for a phone',
  diary_sheet: 'Diary sheet',
  child_voice: 'The child’s voice',
  reel: 'Reel',
  supervision_pack: 'Supervision pack',
  intervision_pack: 'Intervision pack',
  rating_scale: 'Rating scale',
  subject_access: 'Answer to a subject access request',
};
const BY: Record<Carrier, string> = { sealed: 'sealed', link: 'link', plain: 'plain' };

/** How a kind of output is called. */
export const nameOfKind = (kind: string): string => NAMES[kind] ?? kind.replaceAll('_', ' ');

/** A link that has run out is not out any more; a file past its day is. */
export function isOut(one: HandedOutCopy, now = new Date()): boolean {
  return !one.ended_at && !(one.carrier === 'link' && one.until !== null && new Date(one.until) <= now);
}

export const whatLeft = (one: HandedOutCopy): string => `${nameOfKind(one.kind)}, ${BY[one.carrier]}${one.carrier === 'sealed' ? ` ${one.id.slice(0, 6)}` : ''}`;

/** Whom it went to; without a word, it lies where the account that took it saves files. */
export function whoHasIt(one: HandedOutCopy): string {
  const whom = one.to_whom ? `for ${one.to_whom}` : `taken by ${nameOfAccount(one.by_account_id, one.by) || 'somebody here'}`;
  return `${whom}, ${dayOf(one.created_at)}${one.reason ? ` (${one.reason})` : ''}.`;
}

/** The last day on which it holds: it ends as that day does. */
const lastDayOf = (until: string): string => dayOf(new Date(new Date(until).getTime() - 1).toISOString());

const SMALLEST_SEALED = 2 ** 19;
const SIZES_TO_A_DOUBLING = 4;
/** Of the page that asks for the passphrase. */
const GATE_BYTES = 94_000;

/** How large so many bytes are once they are sealed: filled up to one of few sizes, and written as text (pipeline/pack/sealed.py). */
export function sealedBytes(bytes: number): number {
  const size = Math.max(bytes, SMALLEST_SEALED);
  const step = 2 ** Math.floor(Math.log2(size)) / SIZES_TO_A_DOUBLING;
  return Math.round((Math.ceil(size / step) * step * 4) / 3) + GATE_BYTES;
}

/** What is still to come, and how often a link was opened. */
export function endingOf(one: HandedOutCopy, now = new Date()): string {
  const opened = one.opened === null ? '' : one.opened ? `Opened ${count(one.opened, ['# time', '# times'])}. ` : 'Not opened yet. ';
  const older = one.is_older && !one.ended_at ? ' Older than what is here now.' : '';
  if (!one.until) return `${opened}${older}`.trim();
  if (one.carrier === 'link') return `${opened}Ends ${lastDayOf(one.until)}.`;
  return `${new Date(one.until) <= now ? 'To be back since' : 'To be back'} ${lastDayOf(one.until)}.${older}`;
}
