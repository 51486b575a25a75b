import { describe, expect, it } from 'vitest';

import { hintsOf } from './codeHints';

describe('what is odd about a code', () => {
  it.each([
    ['K-104', []],
    ['NE-2026-17', []],
    ['El-4', []],
    ['KQX', ['no_digit']],
    ['Ella', ['no_digit', 'like_a_name']],
    ['the_SMITHS-Smith', ['no_digit', 'like_a_name']],
    ['ella-17', ['like_a_name']],
    ['ELLA17', ['like_a_name']],
  ])('of %s', async (code, hints) => {
    expect(await hintsOf(code)).toEqual(hints);
  });
});
