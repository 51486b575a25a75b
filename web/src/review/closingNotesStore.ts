/** The words of a review on the service. */

import { ask, Refused } from '../api/client.svelte';
import type { ReviewWords } from './closingNotes';

/** What is saved with a review, and which saving it is of; null where nothing is. Throws Refused. */
export async function savedWords(id: string): Promise<{ words: ReviewWords; revision: string | null } | null> {
  const answer = await ask(`/api/v1/selections/${id}/words`);
  if (answer.status === 204) return null;
  return { words: (await answer.json()) as ReviewWords, revision: answer.headers.get('ETag') };
}

/** False, and nothing is saved, where somebody has saved since `seen`; null: there was nothing. Throws Refused. */
export async function saveWords(id: string, words: ReviewWords, seen: string | null): Promise<boolean> {
  const headers = { 'Content-Type': 'application/json', ...(seen === null ? { 'If-None-Match': '*' } : { 'If-Match': seen }) };
  try {
    await ask(`/api/v1/selections/${id}/words`, { method: 'PUT', headers, body: JSON.stringify(words) });
    return true;
  } catch (error) {
    if (error instanceof Refused && error.status === 412) return false;
    throw error;
  }
}
