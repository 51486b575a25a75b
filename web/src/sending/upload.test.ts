// @vitest-environment jsdom
import type { IncomingMessage, ServerResponse } from 'node:http';
import { beforeEach, describe, expect, it } from 'vitest';

import { ApiError, signIn } from '../api/client.svelte';
import { newBrowser } from '../testing/browser';
import { answerProblem, serve } from '../testing/server';
import { breakFirst, TusServer } from '../testing/tusServer';
import { Cleared } from './clearance';
import { CHUNK_BYTES, retryDelayMs, upload, type Report } from './upload';

class Told implements Report {
  readonly sentBytes: number[] = [];
  readonly waits: (string | null)[] = [];
  chunks = 0;
  progress = (bytes: number): void => void this.sentBytes.push(bytes);
  chunk = (): void => void (this.chunks += 1);
  waiting = (sentence: string | null): void => {
    if (sentence) setTimeout(() => dispatchEvent(new Event('online'))); // ends the wait at once
    if (sentence !== this.waits.at(-1)) this.waits.push(sentence);
  };
}

const film = (bytes: number): Blob => new Blob([Uint8Array.from({ length: bytes }, (_, n) => n % 251)]);
/** The same, of a film in which nobody is to be covered. */
const cleared = (file: Blob): Promise<Cleared> => Cleared.of(file, 'k', { holds: null, looked: [] });
const bytesOf = async (blob: Blob): Promise<Buffer> => Buffer.from(await blob.arrayBuffer());
const never = new AbortController().signal;

beforeEach(newBrowser);

describe('an upload', () => {
  it('arrives whole, in chunks, with the moment it is for', async () => {
    const server = new TusServer();
    await serve(server.handle);
    const file = film(CHUNK_BYTES + 1000);
    const told = new Told();
    await upload(await cleared(file), { moment: 'abc' }, told, never);
    expect(server.uploads[0]?.bytes.equals(await bytesOf(file))).toBe(true);
    expect(server.requests).toEqual(['POST', 'PATCH', 'PATCH']);
    expect(server.uploads[0]?.metadata).toBe(`moment ${btoa('abc')}`);
    expect(told.sentBytes.at(-1)).toBe(file.size);
    expect(told.chunks).toBe(2);
  });

  it.each([
    ['a dropped connection', (request: IncomingMessage) => void request.socket.destroy()],
    ['a damaged chunk', (_: IncomingMessage, response: ServerResponse) => answerProblem(response, 460, 'checksum_wrong')],
    ['a busy service', (_: IncomingMessage, response: ServerResponse) => answerProblem(response, 503, 'database_unavailable', { 'Retry-After': '120' })],
  ])('goes on after %s without sending anything twice', async (_, act) => {
    const server = new TusServer(breakFirst(2, 'PATCH', act));
    await serve(server.handle);
    const file = film(5000);
    const told = new Told();
    await upload(await cleared(file), { moment: 'abc' }, told, never);
    expect(server.uploads[0]?.bytes.equals(await bytesOf(file))).toBe(true);
    expect(server.requests.filter((method) => method === 'POST')).toHaveLength(1);
    expect(told.waits.filter(Boolean).length).toBeGreaterThan(0);
    expect(told.waits.at(-1)).toBeNull();
  });

  it('goes on from where an earlier visit stopped', async () => {
    const server = new TusServer();
    await serve(server.handle);
    const file = film(CHUNK_BYTES + 1000);
    const stop = new AbortController();
    const told = new Told();
    told.chunk = () => stop.abort();
    await expect(upload(await cleared(file), { moment: 'abc' }, told, stop.signal)).rejects.toHaveProperty('name', 'AbortError');
    expect(server.uploads[0]?.bytes.length).toBe(CHUNK_BYTES);
    await upload(await cleared(file), { moment: 'abc' }, new Told(), never);
    expect(server.uploads[0]?.bytes.equals(await bytesOf(file))).toBe(true);
    expect(server.requests).toEqual(['POST', 'PATCH', 'HEAD', 'PATCH']);
  });

  it('another moment of the same size is another upload', async () => {
    const server = new TusServer();
    await serve(server.handle);
    const stop = new AbortController();
    const told = new Told();
    told.chunk = () => stop.abort();
    await expect(upload(await cleared(film(CHUNK_BYTES + 1)), { moment: 'a' }, told, stop.signal)).rejects.toThrow();
    await upload(await cleared(film(CHUNK_BYTES + 1)), { moment: 'b' }, new Told(), never);
    expect(server.requests.filter((method) => method === 'POST')).toHaveLength(2);
  });

  it('is done where the service has it already', async () => {
    const server = new TusServer(breakFirst(1, 'POST', (_, response) => answerProblem(response, 409, 'already_uploaded')));
    await serve(server.handle);
    await upload(await cleared(film(10)), { moment: 'abc' }, new Told(), never);
    expect(server.requests).toEqual(['POST']);
  });

  it('ends with the service’s sentence where trying again cannot help', async () => {
    const server = new TusServer(breakFirst(9, 'POST', (_, response) => answerProblem(response, 413, 'upload_too_large')));
    await serve(server.handle);
    const failed = upload(await cleared(film(10)), { moment: 'abc' }, new Told(), never);
    await expect(failed).rejects.toMatchObject({ code: 'upload_too_large', sentence: 'Sentence for upload_too_large.' });
    expect(server.requests).toEqual(['POST']);
  });

  it('waits until somebody has signed in, and goes on by the session', async () => {
    let isSignedIn = false;
    const server = new TusServer((request, response) => {
      if (request.url === '/api/v1/session') {
        isSignedIn ||= request.method === 'POST';
        response.writeHead(isSignedIn ? 200 : 401, { 'Content-Type': 'application/json' }).end('{}');
        return true;
      }
      if (isSignedIn) return false;
      answerProblem(response, 401, 'token_wanted');
      return true;
    });
    await serve(server.handle);
    const sending = upload(await cleared(film(10)), { moment: 'abc' }, new Told(), never);
    await expect.poll(() => signIn.wanted).toBe('token');
    await signIn.give('right');
    await sending;
    expect(server.uploads[0]?.bytes.length).toBe(10);
    expect(server.tokens.filter(Boolean)).toEqual([]);
    expect(signIn.bySecret).toBe(false);
  });
});

describe('the wait before the next attempt', () => {
  const busy = (retryAfterS: number | null): ApiError => new ApiError(503, 'busy', 'Busy.', retryAfterS);

  it('doubles, up to 15 s', () => {
    expect([1, 2, 3, 4, 5, 6, 99].map((failures) => retryDelayMs(busy(null), failures))).toEqual([1000, 2000, 4000, 8000, 15000, 15000, 15000]);
  });

  it('is what the service asks for and up to a fifth more, at most two minutes and a fifth', () => {
    for (let n = 0; n < 100; n++) {
      expect(retryDelayMs(busy(10), 1)).toBeGreaterThanOrEqual(10_000);
      expect(retryDelayMs(busy(10), 1)).toBeLessThan(12_000);
      expect(retryDelayMs(busy(9999), 1)).toBeLessThan(144_000);
    }
  });
});
