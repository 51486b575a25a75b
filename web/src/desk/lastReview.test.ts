import { expect, test } from 'vitest';
import type { FamilyView, LastReview } from '../api/types';
import { familyOf, goOnFrom } from './lastReview';

const last = { selection_id: 'a'.repeat(32), cycle: 2, helping_question: 'How can we play?', working_points: ['Wait', 'Name it'], plan: ['Blocks'], written_at: null } satisfies LastReview;

test('the next cycle begins with the question and the working points of the last one', () => {
  expect(goOnFrom(last, { cycle: 1, question: ' ', points: ['', ''] })).toEqual({ cycle: 3, question: 'How can we play?', points: ['Wait', 'Name it'] });
});

test('what is already written stays, and nothing is there twice', () => {
  expect(goOnFrom(last, { cycle: 3, question: 'And now?', points: ['Follow', 'Wait '] })).toEqual({ cycle: 3, question: 'And now?', points: ['Follow', 'Wait', 'Name it'] });
});

test('a family is known by its code, in whatever case it is written', () => {
  const families = [{ code: 'K-104' }, { code: 'K-207' }] as FamilyView[];
  expect(familyOf(families, ' k-207 ')).toBe(families[1]);
  expect(familyOf(families, 'K-20')).toBeUndefined();
  expect(familyOf(families, '')).toBeUndefined();
});
