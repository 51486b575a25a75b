/** A selection's progress as it happens: server-sent events, and plain asking where a proxy holds those back. */

import { ask, askJson, Refused } from './client.svelte';
import { readEvent } from './events';
import type { SelectionView } from './shapes';

const SELECTIONS = '/api/v1/selections';
/** A stream that tells nothing for this long is not getting through; the service sends a sign of life each 15 s. */
const SILENCE_MS = 20_000;
const POLL_MS = 2_000;
const POLLS_BEFORE_STREAM = 15;

/** Tells every state of a selection until it is settled. Ends with 'erased' where it is gone; throws AbortError. */
export async function follow(
  id: string,
  see: (view: SelectionView) => void,
  signal: AbortSignal,
): Promise<'settled' | 'erased'> {
  for (;;) {
    try {
      // Asked for plainly first: a proxy may hold a stream back, and the page should not wait for that to be found out.
      const now = await askJson<SelectionView>(`${SELECTIONS}/${id}`, { signal });
      see(now);
      if (now.settled) return 'settled';
      const end = (await listen(id, see, signal)) ?? (await poll(id, see, signal));
      if (end) return end;
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof Refused && error.status === 404) return 'erased';
      if (!(error instanceof Refused) || !error.passing) throw error;
      await pause(POLL_MS, signal);
    }
  }
}

type End = 'settled' | 'erased' | null;

async function poll(id: string, see: (view: SelectionView) => void, signal: AbortSignal): Promise<End> {
  for (let n = 0; n < POLLS_BEFORE_STREAM; n++) {
    const view = await askJson<SelectionView>(`${SELECTIONS}/${id}`, { signal });
    see(view);
    if (view.settled) return 'settled';
    await pause(POLL_MS, signal);
  }
  return null;
}

/** EventSource cannot carry a token, so the stream is read by fetch; null where it breaks off or stays silent. */
async function listen(id: string, see: (view: SelectionView) => void, signal: AbortSignal): Promise<End> {
  const silence = new AbortController();
  let alarm = setTimeout(() => silence.abort(), SILENCE_MS);
  try {
    const both = AbortSignal.any([signal, silence.signal]);
    const answer = await ask(`${SELECTIONS}/${id}/events`, { signal: both, headers: { Accept: 'text/event-stream' } });
    if (answer.status === 204 || !answer.body) return null;
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return null;
      clearTimeout(alarm);
      alarm = setTimeout(() => silence.abort(), SILENCE_MS);
      text += value;
      const events = text.replaceAll('\r\n', '\n').split('\n\n');
      text = events.pop() ?? '';
      for (const event of events.map(readEvent)) {
        if (event.name === 'erased') return 'erased';
        if (event.name !== 'selection') continue;
        const view = JSON.parse(event.data) as SelectionView;
        see(view);
        if (view.settled) return 'settled';
      }
    }
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof Refused && !error.passing) throw error;
    return null;
  } finally {
    clearTimeout(alarm);
  }
}

/** Waits, or until the network is back. Throws AbortError. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  await new Promise<void>((resolve, reject) => {
    const done = (): void => {
      clearTimeout(timer);
      removeEventListener('online', done);
      signal.removeEventListener('abort', stop);
      resolve();
    };
    const stop = (): void => {
      clearTimeout(timer);
      removeEventListener('online', done);
      reject(signal.reason as Error);
    };
    const timer = setTimeout(done, ms);
    addEventListener('online', done, { once: true });
    signal.addEventListener('abort', stop, { once: true });
  });
}
