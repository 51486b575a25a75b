// @vitest-environment jsdom
import { beforeEach, describe, expect, it } from 'vitest';

import type { NewSelection } from '../api/types';
import { getAll, put } from '../desk/browserDatabase';
import { Desk } from '../desk/desk.svelte';
import { addCut, cutNames, newBrowser } from '../testing/browser';
import { answerJson, answerProblem, serve } from '../testing/server';
import { TusServer } from '../testing/tusServer';
import { sendings } from './sendingList.svelte';
import type { SendingRecord } from './sendingRecord';

const ID = '0123456789abcdef0123456789abcdef';
const never = new AbortController().signal;

let tus: TusServer;
let begun: { key: string | undefined; body: NewSelection }[];
/** How often the service says that it accepts nothing new. */
let busy: number;
/** What the service says was erased. */
let gone: string[];

beforeEach(async () => {
  await newBrowser();
  sendings.list = [];
  [tus, begun, busy, gone] = [new TusServer(), [], 0, []];
  await serve((request, response, body) => {
    if (request.url?.startsWith('/api/v1/uploads')) return tus.handle(request, response, body);
    if (request.url === '/api/v1/retention/gone') return answerJson(response, { ids: (JSON.parse(body.toString()) as { ids: string[] }).ids.filter((id) => gone.includes(id)) });
    if (request.method !== 'POST') return answerJson(response, { id: ID, settled: true, state: 'ready' });
    begun.push({ key: String(request.headers['idempotency-key']), body: JSON.parse(body.toString()) as NewSelection });
    if (busy-- > 0) return answerProblem(response, 503, 'too_much_waiting', { 'Retry-After': '1' });
    const uploads = [{ url: '/api/v1/uploads', metadata: { selection: ID }, kind: 'film', position: null }];
    answerJson(response, { selection: { id: ID, moments: [] }, uploads, hints: [] }, 201);
  });
});

/** A film of 500 bytes that only its length is known of, with a clip and a still. */
async function deskOf(family: string): Promise<Desk> {
  const desk = await Desk.open(new File([new Uint8Array(500)], 'film.avi', { type: 'video/avi' }), 60_000);
  desk.addClip(1000, 2500);
  desk.marks[0]!.caption = '  Ella looks up. ';
  desk.addStill(5000);
  Object.assign(desk.details, { family: ` ${family} `, cycle: 2, points: ['Wait a little', ' '], question: 'How?' });
  return desk;
}

describe('a desk that is sent', () => {
  it('becomes a selection with every mark and word, and its film arrives', async () => {
    const sending = await sendings.send(await deskOf('K-104'), () => undefined, never);
    expect(begun[0]?.body).toMatchObject({
      family: 'K-104',
      cycle: 2,
      helping_question: 'How?',
      working_points: ['Wait a little'],
      clip: [{ in: 1000, out: 2500, caption: 'Ella looks up.', principle: null, cut: null }],
      still: [{ at: 5000, exact: true, caption: '', cut: null }],
      film: { bytes: 500, duration_ms: 60_000, picture: true },
      whole_film: true,
    });
    expect(begun[0]?.body.guider).toMatch(/^[A-Za-z0-9_-]{8,64}$/);
    expect(JSON.stringify(begun[0]?.body)).not.toContain('film.avi');
    await expect.poll(() => sending.allSent).toBe(true);
    expect(tus.uploads.map(({ bytes }) => bytes.length)).toEqual([500]);
    await sendings.forget(sending);
    expect(sendings.find(ID)).toBeUndefined();
  });

  it('waits while the service accepts nothing new, and is one selection however often it asked', async () => {
    busy = 2;
    const told: string[] = [];
    const sending = await sendings.send(await deskOf('K-207'), (sentence) => told.push(sentence), never);
    expect(told).toEqual(['Sentence for too_much_waiting.', 'Sentence for too_much_waiting.']);
    expect(begun).toHaveLength(3);
    expect(new Set(begun.map(({ key }) => key)).size).toBe(1);
    await sendings.forget(sending);
  });

  it('can be given up while it waits', async () => {
    busy = 99;
    const stop = new AbortController();
    const sent = sendings.send(await deskOf('K-207'), () => stop.abort(), stop.signal);
    await expect(sent).rejects.toHaveProperty('name', 'AbortError');
    expect(await getAll('sendings')).toEqual([]);
  });
});

describe('a page that is opened again', () => {
  it('takes up its sendings, newest first, and erases cuts that nothing refers to', async () => {
    const record = (id: string, begunAt: number, cut: string): SendingRecord => ({
      id, begunAt, family: 'K-104', cycle: 1, way: 'lossless', filmKey: 'k', filmBytes: 1, paused: true,
      parts: [{ moment: 'm', kind: 'clip', title: 'Clip 1', cut, bytes: 10, done: false }],
    });
    for (const name of ['of-old', 'of-new', 'of-draft', 'of-nothing']) await addCut(name, 10);
    await put('sendings', 'old', record('old', 1, 'of-old'));
    await put('sendings', 'new', record('new', 2, 'of-new'));
    await put('drafts', 'k', { key: 'k', cuts: [{ mark: 'm', mode: 'lossless', span: '0-1', cut: { name: 'of-draft' } }] });
    await sendings.resume();
    expect(sendings.list.map(({ id }) => id)).toEqual(['new', 'old']);
    expect((await cutNames()).sort()).toEqual(['of-draft', 'of-new', 'of-old']);
    for (const sending of [...sendings.list]) await sendings.forget(sending);
  });
});

describe('what was erased', () => {
  async function sent(): Promise<string[]> {
    const dropped: string[] = [];
    sendings.onDropped = (films) => void dropped.push(...films);
    const sending = await sendings.send(await deskOf('K-104'), () => undefined, never);
    await expect.poll(() => sending.allSent).toBe(true);
    return dropped;
  }
  const everything = async (): Promise<string> => JSON.stringify([await getAll('sendings'), await getAll('drafts')]);

  it('elsewhere leaves neither marks nor words nor the code here', async () => {
    const dropped = await sent();
    await sendings.dropErased();
    expect(await everything()).toContain('Ella looks up');
    gone = [ID];
    await sendings.dropErased();
    expect(await everything()).toBe('[[],[]]');
    expect(dropped).toHaveLength(1);
    expect(sendings.list).toEqual([]);
  });

  it('here goes with its marks, also where another version of the page had not noted what was sent of them', async () => {
    const dropped = await sent();
    const [draft] = await getAll<{ key: string }>('drafts');
    await put('drafts', draft!.key, { ...draft, sent: undefined });
    await sendings.discard(sendings.list[0]!);
    expect(await everything()).toBe('[[],[]]');
    expect(dropped).toEqual([draft!.key]);
  });

  it('of a whole family goes by its code, sent or not, and what is another family’s stays', async () => {
    await sent();
    await put('drafts', 'unsent', { key: 'unsent', savedAt: Date.now(), durationMs: 1, marks: [], details: { family: 'k-104 ' }, way: 'whole', cuts: [] });
    await put('drafts', 'other', { key: 'other', savedAt: Date.now(), durationMs: 1, marks: [], details: { family: 'K-1042' }, way: 'whole', cuts: [] });
    await sendings.dropFamily('K-104');
    expect((await getAll<{ key: string }>('drafts')).map((one) => one.key)).toEqual(['other']);
  });

  it('is only what the service says: one that it never knew stays', async () => {
    await sent();
    gone = ['f'.repeat(32)];
    await sendings.dropErased();
    expect(await everything()).toContain('Ella looks up');
  });
});
