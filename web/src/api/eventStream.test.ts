// @vitest-environment jsdom
import { expect, it } from 'vitest';

import { answerProblem, serve, type Handler } from '../testing/server';
import { ApiError } from './client.svelte';
import { readEvents } from './eventStream';

const stream =
  (...pieces: string[]): Handler =>
  async (_, response) => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    for (const piece of pieces) {
      response.write(piece);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    response.end();
  };

async function readAll(signal = new AbortController().signal, silenceMs = 2_000): Promise<[string | undefined, string][]> {
  const found: [string | undefined, string][] = [];
  for await (const { event, data } of readEvents('/events', signal, silenceMs)) found.push([event, data]);
  return found;
}

it('reads events however the bytes are split, and passes over comments', async () => {
  const words = new TextEncoder().encode('event: selection\r\ndata: {"caption": "Zoë"}\r\n\r\n');
  const split = words.indexOf(0xc3) + 1; // in the middle of ë
  await serve(async (_, response) => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    response.write(': ping\r\n\r\n');
    response.write(words.slice(0, split));
    await new Promise((resolve) => setTimeout(resolve, 20));
    response.end(Buffer.concat([words.slice(split), Buffer.from('event: erased\ndata: {}\n\n')]));
  });
  expect(await readAll()).toEqual([['selection', '{"caption": "Zoë"}'], ['erased', '{}']]);
});

it('an event that was cut off is not told', async () => {
  await serve(stream('event: selection\ndata: 1\n\n', 'event: selection\ndata: 2'));
  expect(await readAll()).toEqual([['selection', '1']]);
});

it('ends where nothing comes for a while, but not while there are comments', async () => {
  await serve(async (_, response) => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    for (let n = 0; n < 24; n++) {
      response.write(': ping\n\n');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    response.write('event: selection\ndata: at last\n\n'); // and then nothing, with the connection open
  });
  expect(await readAll(undefined, 1_000)).toEqual([['selection', 'at last']]);
});

it('closes the connection when the caller has seen enough', async () => {
  let closed: () => void;
  const closing = new Promise<void>((resolve) => (closed = resolve));
  await serve((_, response) => {
    response.on('close', () => closed());
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    response.write('event: selection\ndata: 1\n\n');
  });
  for await (const _ of readEvents('/events', new AbortController().signal)) break;
  await closing;
});

it('tells what the service refuses for good, and not what passes', async () => {
  await serve((_, response) => answerProblem(response, 503, 'database_unavailable'));
  expect(await readAll()).toEqual([]);
  await serve((_, response) => answerProblem(response, 404, 'selection_gone'));
  await expect(readAll()).rejects.toThrow(ApiError);
});

it('stops with AbortError when told to', async () => {
  const stop = new AbortController();
  await serve((_, response) => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    response.write(': ping\n\n');
    setTimeout(() => stop.abort(), 20);
  });
  await expect(readAll(stop.signal)).rejects.toHaveProperty('name', 'AbortError');
});
