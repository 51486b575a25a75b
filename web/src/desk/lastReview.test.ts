import { expect, test } from 'vitest';
import type { LastReview } from '../api/types';
import { goOnFrom } from './lastReview';

const last = { selection_id: 'a'.repeat(32), cycle: 2, helping_question: 'How can we play?', working_points: ['Wait', 'Name it'], plan: ['Blocks'], written_at: null } satisfies LastReview;

test('the next cycle begins with the question and the working points of the last one', () => {
  expect(goOnFrom(last, { cycle: 1, question: ' ', points: ['', ''] })).toEqual({ cycle: 3, question: 'How can we play?', points: ['Wait', 'Name it'] });
});

test('what is already written stays, and nothing is there twice', () => {
  expect(goOnFrom(last, { cycle: 3, question: 'And now?', points: ['Follow', 'Wait '] })).toEqual({ cycle: 3, question: 'And now?', points: ['Follow', 'Wait', 'Name it'] });
});
