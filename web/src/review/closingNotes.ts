/** What was written on the closing cards of a review, as the service and the files of packs hold it. */

import { LARGEST_NOTES_BYTES } from '../limits';
import type { ReviewWords } from '../api/types';

export const HEADINGS = { strengths: 'Strengths', working_points: 'Working points', plan: 'The next plan' } as const;
const LISTS = Object.keys(HEADINGS) as (keyof typeof HEADINGS)[];

/** The words in a file; null where it holds none. What is wrong inside them the service says. */
export async function readFile(file: File): Promise<ReviewWords | null> {
  if (file.size > LARGEST_NOTES_BYTES) return null;
  try {
    const words = JSON.parse(await file.text()) as ReviewWords | null;
    return words?.kind === 'vigpack-words' ? words : null;
  } catch {
    return null;
  }
}

export const isEmpty = (words: ReviewWords): boolean => LISTS.every((list) => words[list].length === 0);

/** Both people's words, each idea once. */
export function both(one: ReviewWords, other: ReviewWords): ReviewWords {
  const joined = LISTS.map((list) => [list, [...new Set([...one[list], ...other[list]])]] as const);
  return { ...one, ...Object.fromEntries(joined) };
}
