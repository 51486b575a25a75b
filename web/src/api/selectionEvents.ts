/** A selection's progress: by server-sent events, and by polling where a proxy holds the events back. */

import { api, ApiError, dataOf } from './client.svelte';
import { readTypedEvents } from './eventStream';
import type { SelectionStreamEvent, SelectionView } from './types';
import { sleep } from './sleep';

const SELECTION = '/api/v1/selections/{selection_id}';
const POLL_MS = 2_000;
const POLLS_BEFORE_STREAM = 15;

type End = 'settled' | 'erased';

/** Reports every state of a selection until it is settled or erased. Throws ApiError, AbortError. */
export async function followSelection(
  id: string,
  onView: (view: SelectionView) => void,
  signal: AbortSignal,
): Promise<End> {
  for (;;) {
    try {
      // A proxy may hold the stream back for a while, so the first state comes from a plain request.
      const now = await getSelection(id, signal);
      onView(now);
      if (now.settled) return 'settled';
      const end = (await stream(id, onView, signal)) ?? (await poll(id, onView, signal));
      if (end) return end;
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof ApiError && error.status === 404) return 'erased';
      if (!(error instanceof ApiError) || !error.retryable) throw error;
      await sleep(POLL_MS, signal);
    }
  }
}

/** Null where the stream ended before the selection was settled. */
async function stream(id: string, onView: (view: SelectionView) => void, signal: AbortSignal): Promise<End | null> {
  for await (const told of readTypedEvents<SelectionStreamEvent>(`/api/v1/selections/${id}/events`, signal)) {
    if (told.event === 'erased') return 'erased';
    if (told.event !== 'selection') continue; // of a later version
    onView(told.data);
    if (told.data.settled) return 'settled';
  }
  return null;
}

async function poll(id: string, onView: (view: SelectionView) => void, signal: AbortSignal): Promise<End | null> {
  for (let n = 0; n < POLLS_BEFORE_STREAM; n++) {
    const view = await getSelection(id, signal);
    onView(view);
    if (view.settled) return 'settled';
    await sleep(POLL_MS, signal);
  }
  return null;
}

function getSelection(id: string, signal: AbortSignal): Promise<SelectionView> {
  return dataOf(api.GET(SELECTION, { params: { path: { selection_id: id } }, signal }));
}
