/** The closing notes of a review on the service. */

import { api, ApiError } from '../api/client.svelte';
import type { ReviewWords } from '../api/types';

/** What is saved with a review, and which revision it is; null where nothing is. Throws ApiError. */
export async function loadNotes(selectionId: string): Promise<{ words: ReviewWords; revision: string | null } | null> {
  const params = { path: { selection_id: selectionId } };
  const { data, response } = await api.GET('/api/v1/selections/{selection_id}/words', { params });
  return response.status === 204 ? null : { words: data as ReviewWords, revision: response.headers.get('ETag') };
}

/** False, and nothing is saved, where somebody has saved since `seen`; null: there was nothing. Throws ApiError. */
export async function saveNotes(selectionId: string, words: ReviewWords, seen: string | null): Promise<boolean> {
  const headers = seen === null ? { 'If-None-Match': '*' } : { 'If-Match': seen };
  try {
    await api.PUT('/api/v1/selections/{selection_id}/words', { params: { path: { selection_id: selectionId } }, headers, body: words });
    return true;
  } catch (error) {
    if (error instanceof ApiError && error.status === 412) return false;
    throw error;
  }
}
