import { expect, it } from 'vitest';
import { rangesOf } from './hiding.svelte';

it('what was looked at is told in as few ranges as there can be', () => {
  expect(rangesOf(new Set([5, 0, 2, 1, 9, 8]))).toEqual([[0, 3], [5, 6], [8, 10]]);
  expect(rangesOf([])).toEqual([]);
});
