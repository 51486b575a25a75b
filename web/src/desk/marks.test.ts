import { expect, it } from 'vitest';

import { neighbourOf, type Mark } from './marks';

const clip = (id: string, inMs: number): Mark => ({ id, kind: 'clip', inMs, outMs: inMs + 1000, caption: '', principle: null });
const still: Mark = { id: 'still', kind: 'still', atMs: 5000, exact: true, caption: '', principle: null };
/** In the order of the review, which is not the film's. */
const list = [clip('late', 9000), clip('early', 1000), still];

it('from a chosen moment, the list is gone through in its order', () => {
  expect(neighbourOf(list, list[0], 1, 0)?.id).toBe('early');
  expect(neighbourOf(list, list[1], 1, 0)?.id).toBe('still');
  expect(neighbourOf(list, still, 1, 0)).toBeUndefined();
  expect(neighbourOf(list, list[0], -1, 0)).toBeUndefined();
});

it('with none chosen, the nearest in the film comes', () => {
  expect(neighbourOf(list, undefined, 1, 3000)?.id).toBe('still');
  expect(neighbourOf(list, undefined, -1, 3000)?.id).toBe('early');
  expect(neighbourOf(list, undefined, 1, 9500)).toBeUndefined();
  expect(neighbourOf([], undefined, 1, 0)).toBeUndefined();
});
