/** The service's server-sent events, read with fetch because EventSource cannot carry a token. */

import { EventSourceParserStream, type EventSourceMessage } from 'eventsource-parser/stream';
import { ApiError, request } from './client.svelte';

/** The service sends at least a comment every 15 s. A stream that stays silent longer is held back somewhere. */
const SILENCE_MS = 20_000;

/** The same with what each event's `data` holds: `Event` is what the API's document says of the stream. */
export async function* readTypedEvents<Event extends { event: string; data: unknown }>(
  path: string,
  signal: AbortSignal,
): AsyncGenerator<Event, void> {
  for await (const { event, data } of readEvents(path, signal)) yield { event, data: JSON.parse(data) as unknown } as Event;
}

/**
 * The events at `path`, until the stream ends, breaks off or stays silent for `silenceMs`.
 *
 * Throws ApiError where the service will go on refusing it; AbortError.
 */
export async function* readEvents(
  path: string,
  signal: AbortSignal,
  silenceMs = SILENCE_MS,
): AsyncGenerator<EventSourceMessage, void> {
  const stop = new AbortController();
  let timer = setTimeout(() => stop.abort(), silenceMs);
  const resetTimer = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
    transform(chunk, controller) {
      clearTimeout(timer);
      timer = setTimeout(() => stop.abort(), silenceMs);
      controller.enqueue(chunk);
    },
  });
  try {
    const response = await request(path, { signal: AbortSignal.any([signal, stop.signal]), headers: { Accept: 'text/event-stream' } });
    if (response.status === 204 || !response.body) return;
    const reader = response.body
      .pipeThrough(resetTimer)
      .pipeThrough(new TextDecoderStream())
      .pipeThrough(new EventSourceParserStream())
      .getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof ApiError && !error.retryable) throw error;
  } finally {
    clearTimeout(timer);
    stop.abort(); // closes the connection where the caller stops early
  }
}
