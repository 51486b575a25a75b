// @vitest-environment jsdom
import type { IncomingMessage, ServerResponse } from 'node:http';
import { beforeEach, describe, expect, it } from 'vitest';

import { get } from '../desk/browserDatabase';
import { addCut, cutNames, newBrowser } from '../testing/browser';
import { answerJson, answerProblem, serve } from '../testing/server';
import { breakFirst, TusServer } from '../testing/tusServer';
import { Sending } from './sending.svelte';
import type { Part, SendingRecord } from './sendingRecord';

const ID = '0123456789abcdef0123456789abcdef';
const part = (name: string, bytes: number, done = false): Part => ({ moment: name, kind: 'clip', title: name, cut: name, bytes, done });

function record(parts: Part[], more: Partial<SendingRecord> = {}): SendingRecord {
  return { id: ID, begunAt: 0, family: 'K-104', cycle: 2, way: 'lossless', filmKey: 'k', filmBytes: 999, parts, paused: false, ...more };
}

let tus: TusServer;
let selection: { settled: boolean; state: string };
let onSelection: (request: IncomingMessage, response: ServerResponse) => boolean;

beforeEach(async () => {
  await newBrowser();
  tus = new TusServer();
  selection = { settled: false, state: 'receiving' };
  onSelection = () => false;
  await serve((request, response, body) => {
    if (request.url?.startsWith('/api/v1/uploads')) return tus.handle(request, response, body);
    if (onSelection(request, response)) return;
    if (request.url?.endsWith('/events')) return void response.writeHead(200, { 'Content-Type': 'text/event-stream' }).write(': ping\n\n');
    answerJson(response, { id: ID, ...selection });
  });
  await addCut('a', 100);
  await addCut('b', 300);
});

const sent = (): [string, number][] => tus.uploads.map(({ metadata, bytes }) => [atob(metadata.split(' ')[1] ?? ''), bytes.length]);
const moments = (): SendingRecord => record([part('a', 100), part('b', 300)]);

describe('a sending', () => {
  it('sends one part after another, remembers each and erases its cut', async () => {
    const sending = new Sending(moments());
    expect([sending.totalBytes, sending.sentBytes, sending.allSent]).toEqual([400, 0, false]);
    sending.start();
    await expect.poll(() => sending.allSent).toBe(true);
    await expect.poll(cutNames).toEqual([]);
    expect(sent()).toEqual([['a', 100], ['b', 300]]);
    expect(sending.sentBytes).toBe(400);
    expect((await get<SendingRecord>('sendings', ID))?.parts.map(({ done }) => done)).toEqual([true, true]);
    await sending.forget();
  });

  it('sends only what has not arrived', async () => {
    const sending = new Sending(record([part('a', 100, true), part('b', 300)]));
    expect(sending.sentBytes).toBe(100);
    sending.start();
    await expect.poll(() => sending.allSent).toBe(true);
    expect(sent()).toEqual([['b', 300]]);
    await sending.forget();
  });

  it('leaves connections for everything else however many are sent at once', async () => {
    let held = true;
    const patches: ServerResponse[] = [];
    tus.fault = (request, response) => held && request.method === 'PATCH' && patches.push(response) > 0;
    const ids = ['1', '2', '3', '4', '5'];
    await Promise.all(ids.map((id) => addCut(id, 200)));
    const all = ids.map((id) => new Sending({ ...record([part(id, 200)]), id: id.repeat(32) }));
    for (const sending of all) sending.start();
    await expect.poll(() => all.filter((sending) => sending.waiting?.startsWith('Others of your moments')).length).toBe(3);
    await expect.poll(() => patches.length).toBe(2);
    held = false;
    for (const patch of patches) patch.destroy();
    await expect.poll(() => all.every((sending) => sending.allSent)).toBe(true);
    await Promise.all(all.map((sending) => sending.forget()));
  });

  it('says why nothing moves, and goes on by itself', async () => {
    tus.fault = breakFirst(1, 'PATCH', (request) => void request.socket.destroy());
    const sending = new Sending(moments());
    sending.start();
    await expect.poll(() => sending.waiting).toMatch(/cannot be reached/);
    expect(sending.problem).toBeNull();
    await expect.poll(() => sending.allSent).toBe(true);
    expect(sending.waiting).toBeNull();
    await sending.forget();
  });

  it('stops when paused, stays so after a reload, and goes on when told to', async () => {
    tus.fault = (request) => request.method === 'PATCH'; // never answered
    const sending = new Sending(moments());
    sending.start();
    await expect.poll(() => tus.requests).toContain('PATCH');
    await sending.pause();
    await expect.poll(() => sending.current).toBe(-1);
    const reloaded = new Sending((await get<SendingRecord>('sendings', ID))!);
    tus.fault = () => false;
    reloaded.start();
    expect(reloaded.record.paused).toBe(true);
    await reloaded.resume();
    await expect.poll(() => reloaded.allSent).toBe(true);
    expect(sent().filter(([, bytes]) => bytes)).toEqual([['a', 100], ['b', 300]]);
    await Promise.all([sending.forget(), reloaded.forget()]);
  });

  it('is sent by one tab; the other waits and sends nothing twice', async () => {
    const [here, there] = [new Sending(moments()), new Sending(moments())];
    here.start();
    there.start();
    await expect.poll(() => here.allSent && there.allSent).toBe(true);
    expect(sent()).toEqual([['a', 100], ['b', 300]]);
    await Promise.all([here.forget(), there.forget()]);
  });

  it('tells a problem that needs a person, in the service’s words', async () => {
    tus.fault = breakFirst(1, 'POST', (_, response) => answerProblem(response, 413, 'upload_too_large'));
    const sending = new Sending(moments());
    sending.start();
    await expect.poll(() => sending.problem).toBe('Sentence for upload_too_large.');
    await sending.resume();
    await expect.poll(() => sending.allSent).toBe(true);
    await sending.forget();
  });

  it('knows when its selection was erased meanwhile', async () => {
    tus.fault = breakFirst(1, 'POST', (_, response) => answerProblem(response, 404, 'upload_target_missing'));
    const sending = new Sending(moments());
    sending.start();
    await expect.poll(() => sending.erased).toBe(true);
    await sending.forget();
  });

  it('asks for the film where that travels whole and the browser does not know where it lies', async () => {
    const whole: Part = { moment: null, kind: 'film', title: 'The whole film', cut: null, bytes: 50, done: false };
    const sending = new Sending(record([whole], { way: 'whole' }));
    sending.start();
    await expect.poll(() => sending.needsFilm).toBe(true);
    expect(sending.problem).toBeNull();
    await sending.resume(new File([new Uint8Array(50)], 'film.mp4'));
    await expect.poll(() => sending.allSent).toBe(true);
    expect(sent()).toEqual([[ID, 50]]);
    await sending.forget();
  });

  it('shows what becomes of it', async () => {
    selection = { settled: true, state: 'ready' };
    const sending = new Sending(record([part('a', 100, true)]));
    sending.start();
    await expect.poll(() => sending.view?.state).toBe('ready');
    await sending.forget();
  });

  it('is erased here and at the service, also where the service no longer has it', async () => {
    const erased: string[] = [];
    onSelection = (request, response) => {
      if (request.method !== 'DELETE') return false;
      erased.push(request.url ?? '');
      answerProblem(response, 404, 'selection_gone');
      return true;
    };
    const sending = new Sending(record([part('a', 100)], { paused: true }));
    sending.start();
    await sending.discard();
    expect(erased).toEqual([`/api/v1/selections/${ID}`]);
    expect(await cutNames()).toEqual(['b']);
    expect(await get('sendings', ID)).toBeUndefined();
  });
});
