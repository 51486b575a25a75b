/** A request to see what is held (UK GDPR, Art. 15), in plain words. */

import { dayOf } from '../account/words';
import type { SubjectAccessItem, SubjectAccessRequest } from '../api/types';
import { count } from '../ui/format';

const DAY_MS = 86_400_000;

export type Decision = NonNullable<SubjectAccessItem['decision']>;

/** What is usual to say where something is left out; the family reads it. */
export const REASONS = [
  'Somebody else can be seen or heard, and did not agree',
  'It is about somebody else',
  'It could put somebody at risk of serious harm',
  'It would prejudice the prevention or detection of crime',
  'It is privileged legal advice',
];

export interface Group {
  title: string;
  items: SubjectAccessItem[];
}

/** Things by the review that they are of, those of the family at the end. */
export function groupsOf(items: readonly SubjectAccessItem[]): Group[] {
  const groups: Group[] = [];
  for (const item of items) {
    const title = item.review || 'Of the family';
    const key = item.selection_id;
    const last = groups.at(-1);
    if (last && last.items[0]?.selection_id === key) last.items.push(item);
    else groups.push({ title, items: [item] });
  }
  return groups;
}

/** `To be answered by 28 Dec 2026, in 30 days.` */
export function dueSentence(request: SubjectAccessRequest, now = new Date()): string {
  const due = dayOf(request.due_on);
  if (request.ended_at) return `Closed on ${dayOf(request.ended_at)}.`;
  if (request.handed_out_at) return `Handed out on ${dayOf(request.handed_out_at)}.`;
  if (request.is_overdue) return `It was to be answered by ${due}. Answer it now, and tell your data protection officer.`;
  const days = Math.ceil((new Date(`${request.due_on}T00:00`).getTime() - now.getTime()) / DAY_MS);
  return `To be answered by ${due}${days <= 0 ? ', today' : `, in ${count(days, ['# day', '# days'])}`}.`;
}

/** What is known of who else is in it. */
export function othersSentence(item: SubjectAccessItem): string {
  if (!item.others.length) return '';
  return `Recorded to be in it, and not asking: ${item.others.join(', ')}.`;
}

/** `3 of 12 looked at` */
export function progressOf(items: readonly SubjectAccessItem[]): string {
  const done = items.filter((one) => one.decision !== null).length;
  return done === items.length ? 'Everything is looked at' : `${done} of ${items.length} looked at`;
}
