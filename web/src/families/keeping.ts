/** How long a family is kept and what is left of one that was erased, in plain sentences. */

import type { Certificate, FamilyRetention } from '../api/types';
import { dayOf } from '../account/words';
import { count, size } from '../ui/format';

/** When everything goes, and from what that follows. */
export function goesSentence(kept: FamilyRetention): string {
  if (kept.holds.length) return 'It is on hold: nothing of it is erased until the hold is released.';
  if (kept.needs_birth) return 'No day is set yet: say in which month the child was born.';
  if (!kept.goes_at) return 'No day is set: the work with the family goes on.';
  const why = !kept.ended_at ? ', if nothing new comes before then' : kept.ended_by_silence ? '. Nothing new has come for so long that the work counts as ended' : '';
  return `Everything is erased on ${dayOf(kept.goes_at)}${why}.`;
}

/** What there is of a family: `3 reviews of 2 cycles, 14 files, 22 MB`. */
export function amountOf({ selections, cycles, files, bytes }: FamilyRetention['there']): string {
  if (!selections) return 'no review';
  return [`${count(selections, ['# review', '# reviews'])} of ${count(cycles, ['# cycle', '# cycles'])}`, ...(files ? [count(files, ['# file', '# files']), size(bytes)] : [])].join(', ');
}

/** What left and is not back, for the question before erasing. */
export function copiesSentence(copies: readonly unknown[]): string {
  if (!copies.length) return 'No copy of it is known to be out.';
  return count(copies.length, [
    '# copy of it is out, which this does not reach. Bring it back, or ask for it to be deleted.',
    '# copies of it are out, which this does not reach. Bring them back, or ask for them to be deleted.',
  ]);
}

const CARRIERS: Record<string, string> = { sealed: 'a sealed pack', link: 'a link', plain: 'a plain file' };
const CAUSES: Record<Certificate['cause'], string> = {
  asked: 'It was asked for',
  policy: 'Its time was over',
  restored: 'It had been erased before, and a restored backup had it again',
};

/** The certificate as text: what, when, why, and what is still outside. No code and no name stand in it. */
export function certificateText(one: Certificate): string {
  const { counts } = one;
  const lines = [
    'Certificate of erasure',
    '',
    `Number: ${one.id}`,
    `Family, by its number in the audit: ${one.family_id}`,
    `Begun: ${one.begun_at}`,
    `Finished: ${one.finished_at ?? 'not yet'}`,
    `Why: ${CAUSES[one.cause]}${one.rule ? ` (${one.rule})` : ''}.`,
    `Erased: ${amountOf(counts)}; ${count(counts.moments, ['# moment', '# moments'])}, ${count(counts.outputs, ['# output', '# outputs'])}, ${count(counts.photographs, ['# photograph', '# photographs'])}; with them every word, agreement and the key they were sealed with.`,
    ...(counts.first_sent_on && counts.last_sent_on ? [`Sent between ${counts.first_sent_on} and ${counts.last_sent_on}.`] : []),
    '',
    one.copies_out.length ? 'Still out:' : 'No copy is known to be out.',
    ...one.copies_out.map((copy) => `- ${[CARRIERS[copy.carrier] ?? copy.carrier, copy.purpose && `for ${copy.purpose.replaceAll('_', ' ')}`].filter(Boolean).join(' ')}, handed out on ${copy.handed_out_on}${copy.until ? `, to be back by ${copy.until}` : ''} (${copy.id})`),
  ];
  return `${lines.join('\n')}\n`;
}
