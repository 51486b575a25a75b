/** A real HTTP server for tests: the page's own origin in jsdom is set to it. */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach } from 'vitest';

declare const jsdom: { reconfigure(settings: { url: string }): void };

export type Handler = (request: IncomingMessage, response: ServerResponse, body: Buffer) => void | Promise<void>;

/** What it gives to seal with; tests put others here. */
export const storageKeys = { status: 200, own: [keyOf('own')], everybody: [keyOf('everybody')] };

/** Drafts whose keys it has, with what was sent of each; `erased`: what was, and with the last of a draft goes its key. `status`: as it answers for them. */
export const draftKeys = { status: 200, made: new Map<string, string[]>(), erased: new Set<string>() };

function answerDraftKeys(request: IncomingMessage, response: ServerResponse, body: Buffer): void {
  if (!draftKeys.status) return; // it hangs
  if (draftKeys.status !== 200) return answerProblem(response, draftKeys.status, 'unwell');
  const { ids, sent } = JSON.parse(body.toString()) as { ids?: string[]; sent?: string[] };
  const one = request.url!.split('/').pop()!;
  if (sent) draftKeys.made.set(one, [...new Set([...(draftKeys.made.get(one) ?? []), ...sent.filter((id) => !draftKeys.erased.has(id))])]);
  const there = (ids ?? [one]).filter((id) => draftKeys.made.has(id));
  const isGone = (id: string): boolean => draftKeys.made.get(id)!.length > 0 && draftKeys.made.get(id)!.every((each) => draftKeys.erased.has(each));
  const keys = Object.fromEntries(there.filter((id) => !isGone(id)).map((id) => [id, keyOf(id)]));
  answerJson(response, { keys, gone: there.filter(isGone) });
}

/** A key of 32 bytes in base64, another for each name. */
export function keyOf(name: string): string {
  return Buffer.from(name.padEnd(32, '.')).subarray(0, 32).toString('base64');
}

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  Object.assign(draftKeys, { status: 200, made: new Map(), erased: new Set() });
  await Promise.all(closers.splice(0).map((close) => close()));
});

/** Serves `handle` on a free port until the test ends; relative addresses of the page lead to it. */
export async function serve(handle: Handler): Promise<string> {
  const server = createServer((request, response) => {
    // jsdom's XMLHttpRequest still takes the page to be where it was opened, so it asks for leave first.
    response.setHeader('Access-Control-Allow-Origin', request.headers.origin ?? '*');
    response.setHeader('Access-Control-Expose-Headers', '*, Location, Upload-Offset, Upload-Length, Retry-After');
    if (request.method === 'OPTIONS') {
      const { 'access-control-request-headers': headers = '', 'access-control-request-method': method = '' } = request.headers;
      response.writeHead(204, { 'Access-Control-Allow-Methods': method, 'Access-Control-Allow-Headers': headers }).end();
      return;
    }
    if (request.url === '/api/v1/session/storage-keys') return answerJson(response, storageKeys, storageKeys.status);
    const answer = request.url?.startsWith('/api/v1/session/draft-keys') ? answerDraftKeys : handle;
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => void answer(request, response, Buffer.concat(chunks)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  jsdom.reconfigure({ url: `${origin}/` });
  return origin;
}

export function answerJson(response: ServerResponse, body: unknown, status = 200, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'Content-Type': 'application/json', ...headers }).end(JSON.stringify(body));
}

/** A problem as the service tells it (RFC 9457). */
export function answerProblem(
  response: ServerResponse,
  status: number,
  code: string,
  headers: Record<string, string> = {},
): void {
  answerJson(response, { status, code, detail: `Sentence for ${code}.` }, status, headers);
}
