import { describe, expect, it } from 'vitest';

import type { Certificate, FamilyRetention } from '../api/types';
import { amountOf, certificateText, copiesSentence, goesSentence } from './keeping';

const there = { selections: 3, cycles: 2, moments: 9, outputs: 4, uploads: 9, photographs: 0, files: 22, bytes: 22_000_000, first_sent_on: '2026-09-01', last_sent_on: '2026-11-03' };
const kept = (more: Partial<FamilyRetention> = {}): FamilyRetention => ({
  family_id: 'f', code: 'K-104', schedule: 'vig', ended_at: '2026-11-28T12:00:00Z', ended_by_silence: false, needs_birth: false,
  due_at: '2027-01-28T12:00:00Z', noticed_at: null, goes_at: '2027-01-28T12:00:00Z', holds: [], noes_waiting: 0, sources_go_at: null, there, copies_out: [], schedules: [], ...more,
});

describe('when a family goes', () => {
  it.each([
    [kept(), 'Everything is erased on 28 Jan 2027.'],
    [kept({ ended_by_silence: true }), 'Everything is erased on 28 Jan 2027. Nothing new has come for so long that the work counts as ended.'],
    [kept({ ended_at: null }), 'Everything is erased on 28 Jan 2027, if nothing new comes before then.'],
    [kept({ ended_at: null, goes_at: null }), 'No day is set: the work with the family goes on.'],
    [kept({ needs_birth: true, goes_at: null }), 'No day is set yet: say in which month the child was born.'],
    [kept({ holds: [{ id: 'h', reason: 'Court', review_on: '2027-01-01', created_at: '2026-11-28T12:00:00Z', is_overdue: false }] }), 'It is on hold: nothing of it is erased until the hold is released.'],
  ])('is one sentence: %#', (given, sentence) => expect(goesSentence(given)).toBe(sentence));
});

describe('erasing a family', () => {
  it('says how much there is and what is outside', () => {
    expect(amountOf(there)).toBe('3 reviews of 2 cycles, 22 files, 22 MB');
    expect(amountOf({ ...there, selections: 0 })).toBe('no review');
    expect(copiesSentence([])).toBe('No copy of it is known to be out.');
    expect(copiesSentence([{}])).toContain('1 copy of it is out');
    expect(copiesSentence([{}, {}])).toContain('2 copies of it are out');
  });

  it('leaves a certificate without a word of the family', () => {
    const one: Certificate = {
      id: 'c'.repeat(32), family_id: 'f'.repeat(32), by: 'a'.repeat(32), cause: 'policy', rule: 'CASE+2M', begun_at: '2027-01-28T12:00:00Z', finished_at: null,
      counts: there, copies_out: [{ id: 'x', carrier: 'sealed', purpose: 'shared_review', handed_out_on: '2026-11-05', until: '2026-12-01' }],
    };
    const text = certificateText(one);
    expect(text).toContain('Why: Its time was over (CASE+2M).');
    expect(text).toContain('- a sealed pack for shared review, handed out on 2026-11-05, to be back by 2026-12-01 (x)');
    expect(text).toContain('Finished: not yet');
    expect(text).not.toContain('K-104');
  });
});
