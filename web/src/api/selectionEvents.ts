/** A selection's progress: by the stream that all tabs share, and by polling where a proxy holds the events back. */

import { MOST_WATCHED_SELECTIONS } from '../limits';
import { api, ApiError, dataOf } from './client.svelte';
import { readTypedEvents } from './eventStream';
import { SharedStream } from './sharedStream';
import type { SelectionsStreamEvent, SelectionView } from './types';
import { sleep } from './sleep';

const SELECTION = '/api/v1/selections/{selection_id}';
const POLL_MS = 2_000;
const POLLS_BEFORE_STREAM = 15;
/** After the service has closed a stream because this person has too many. */
const CLOSED_MS = 60_000;

type End = 'settled' | 'erased';
/** The selection as it is; null where it is gone. */
type Told = SelectionView | null;

const selections = new SharedStream<Told>('vigpack-selections', stream, MOST_WATCHED_SELECTIONS);

/**
 * Reports every state of a selection until it is settled or erased; with `always` what is settled is followed too, since
 * somebody may correct it. Throws ApiError, AbortError.
 */
export async function followSelection(
  id: string,
  onView: (view: SelectionView) => void,
  signal: AbortSignal,
  always = false,
): Promise<End> {
  let isDoubted = true;
  let heard = 0;
  let wake = (): void => undefined;
  const doubt = (): void => {
    isDoubted = true;
    wake();
  };
  const leave = selections.subscribe(id, {
    told: (view) => {
      heard += 1;
      if (!view || view.settled) return doubt();
      onView(view);
    },
    missed: doubt,
  });
  signal.addEventListener('abort', doubt);
  try {
    for (;;) {
      signal.throwIfAborted();
      if (isDoubted) {
        // Also at the end: what the stream says may be older than what was asked for here a moment ago.
        isDoubted = false;
        const before = heard;
        const now = await getSelection(id, signal);
        if (!now) return 'erased';
        if (before === heard || now.settled) onView(now);
        if (now.settled && !always) return 'settled';
      } else await new Promise<void>((resolve) => (wake = resolve));
    }
  } finally {
    leave();
    signal.removeEventListener('abort', doubt);
  }
}

async function stream(ids: string[], tell: (id: string, told: Told) => void, signal: AbortSignal): Promise<void> {
  let isHeldBack = true;
  try {
    const query = new URLSearchParams(ids.map((id) => ['selection', id]));
    for await (const heard of readTypedEvents<SelectionsStreamEvent>(`/api/v1/events?${query}`, signal)) {
      isHeldBack = false;
      if (heard.event === 'selection') tell(heard.data.id, heard.data);
      else if (heard.event === 'gone') tell(heard.data.id, null);
      else if (heard.event === 'closed') await poll(ids, tell, signal, CLOSED_MS);
    }
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
  }
  if (isHeldBack) await poll(ids, tell, signal, POLLS_BEFORE_STREAM * POLL_MS);
}

/** Throws ApiError where the service does not answer; AbortError. */
async function poll(ids: string[], tell: (id: string, told: Told) => void, signal: AbortSignal, forMs: number): Promise<void> {
  for (const end = Date.now() + forMs; Date.now() < end; ) {
    for (const id of ids) {
      const path = { selection_id: id };
      const view = await dataOf(api.GET(SELECTION, { params: { path }, signal })).catch((error: unknown) => {
        if (error instanceof ApiError && error.status === 404) return null;
        throw error;
      });
      tell(id, view);
    }
    await sleep(POLL_MS, signal);
  }
}

/** Null where it is gone. Waits while the service does not answer. Throws ApiError, AbortError. */
async function getSelection(id: string, signal: AbortSignal): Promise<SelectionView | null> {
  for (;;) {
    try {
      return await dataOf(api.GET(SELECTION, { params: { path: { selection_id: id } }, signal }));
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof ApiError && error.status === 404) return null;
      if (!(error instanceof ApiError) || !error.retryable) throw error;
      await sleep(POLL_MS, signal);
    }
  }
}
