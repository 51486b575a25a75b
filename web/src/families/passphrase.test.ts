import { expect, it } from 'vitest';

import { newPassphrase, PASSPHRASE_WORDS } from './passphrase';

it('has more than 65 bits in six words that can be told apart by their first four letters', () => {
  expect(6 * Math.log2(PASSPHRASE_WORDS.length)).toBeGreaterThan(65);
  expect(new Set(PASSPHRASE_WORDS.map((word) => word.slice(0, 4))).size).toBe(PASSPHRASE_WORDS.length);
  expect(PASSPHRASE_WORDS.every((word) => /^[a-z]{3,8}$/.test(word))).toBe(true);
  expect(newPassphrase().split(' ')).toHaveLength(6);
  expect(newPassphrase()).not.toBe(newPassphrase());
});

it('throws away what would make the first words likelier', () => {
  const given = [2 ** 32 - 1, 0, 1, 2, 3, 4, 5];
  expect(newPassphrase(() => given.shift() ?? 0)).toBe(PASSPHRASE_WORDS.slice(0, 6).join(' '));
});
