import { expect, it } from 'vitest';
import type { ReviewWords } from '../api/types';
import { both, isEmpty, readFile } from './closingNotes';

const words = (strengths: string[], plan: string[] = []): ReviewWords => ({
  kind: 'vigpack-words', schema_version: 1, review: 'a'.repeat(32), written_at: '2026-11-24T14:00:00Z', strengths, working_points: [], plan,
});

it('both keeps each idea once, in the order of the first', () => {
  expect(both(words(['Mum waits', 'They laugh']), words(['They laugh', 'Ella looks'], ['Play daily']))).toEqual(
    words(['Mum waits', 'They laugh', 'Ella looks'], ['Play daily']),
  );
  expect(isEmpty(words([]))).toBe(true);
});

it.each([['no JSON', 'Dear diary'], ['another JSON', '{"kind": "moments"}'], ['nothing', 'null'], ['too much', ' '.repeat(200_001)]])(
  'a file with %s holds no words',
  async (_, text) => expect(await readFile(new File([text], 'words.json'))).toBeNull(),
);

it('a file of words is read', async () => {
  expect(await readFile(new File([JSON.stringify(words(['Mum waits']))], 'words.json'))).toEqual(words(['Mum waits']));
});
