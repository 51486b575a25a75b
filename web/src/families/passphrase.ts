/** Passphrases of sealed packs: six words by chance, to be told by telephone. */

import list from '../../../configs/passphrase_words.txt?raw';

export const PASSPHRASE_WORDS: readonly string[] = list.split('\n').filter((line) => line && !line.startsWith('#'));
const HOW_MANY = 6;
const ALL = 2 ** 32;

/** Six words, each as likely as any other: 65 bits. */
export function newPassphrase(random: () => number = random32): string {
  return Array.from({ length: HOW_MANY }, () => PASSPHRASE_WORDS[below(PASSPHRASE_WORDS.length, random)]).join(' ');
}

/** A number below `count`; what would favour the first ones is thrown away. */
function below(count: number, random: () => number): number {
  const fair = ALL - (ALL % count);
  for (;;) {
    const number = random();
    if (number < fair) return number % count;
  }
}

const random32 = (): number => crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
