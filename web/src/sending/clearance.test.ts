// @vitest-environment jsdom
/** Every way by which bytes of a film can leave, tried with seconds in which somebody is to be covered. */
import { readdirSync, readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { NewSelection, SelectionView } from '../api/types';
import { get, put } from '../desk/browserDatabase';
import { changeStretches, heldBackBy, stretchesOf, type Stretch } from '../desk/covering';
import { Desk } from '../desk/desk.svelte';
import { forgetDraft } from '../desk/drafts';
import type { CoverMark } from '../film';
import { filmKey } from '../desk/filmKey';
import type { ClipMark, Draft, KeptCut, Way } from '../desk/marks';
import { addCut, cutNames, newBrowser } from '../testing/browser';
import { answerJson, serve } from '../testing/server';
import { TusServer } from '../testing/tusServer';
import { Cleared } from './clearance';
import { Sending } from './sending.svelte';
import { sendings } from './sendingList.svelte';
import type { Part, SendingRecord } from './sendingRecord';
import { CHUNK_BYTES, upload } from './upload';

const ID = '0123456789abcdef0123456789abcdef';
const never = new AbortController().signal;
const film = (): File => new File([new Uint8Array(500)], 'film.avi', { type: 'video/avi', lastModified: 1 });
const stretch = (id: string, fromMs: number, toMs: number, looked: Stretch['looked'] = null): Stretch => ({ id, fromMs, toMs, marks: [], asked: false, looked });

const BOX: CoverMark = { at: 20_000, covers: 'box', box: { x: 0, y: 0, width: 0.5, height: 0.5 } };

let tus: TusServer;
let begun: NewSelection[];
/** What the service awaits of a selection; it may ask for more than moments. */
let asksForFilm: boolean;
const opened: Desk[] = [];

beforeEach(async () => {
  await newBrowser();
  sendings.list = [];
  [tus, begun, asksForFilm] = [new TusServer(), [], false];
  await serve((request, response, body) => {
    if (request.url?.startsWith('/api/v1/uploads')) return tus.handle(request, response, body);
    if (request.method !== 'POST') return answerJson(response, { id: ID, settled: true, state: 'ready' });
    const wanted = JSON.parse(body.toString()) as NewSelection;
    begun.push(wanted);
    const ids = [...(wanted.clip ?? []), ...(wanted.still ?? [])].map((_, n) => `m${n}`);
    const ofMoments = ids.map((moment, position) => ({ url: '/api/v1/uploads', metadata: { moment }, kind: position < (wanted.clip ?? []).length ? 'clip' : 'still', position }));
    const whole = { url: '/api/v1/uploads', metadata: { selection: ID }, kind: 'film', position: null };
    const uploads = wanted.whole_film ? [whole] : [...ofMoments, ...(asksForFilm ? [whole] : [])];
    answerJson(response, { selection: { id: ID, moments: ids.map((id) => ({ id })) }, added: ids, uploads, hints: [] }, 201);
  });
});
afterEach(async () => {
  for (const sending of [...sendings.list]) await sendings.forget(sending);
  for (const desk of opened.splice(0)) {
    desk.close();
    await desk.saveNow();
  }
});

const arrived = (): [string, number][] => tus.uploads.map(({ metadata, bytes }) => [atob(metadata.split(' ')[1] ?? ''), bytes.length]);
const soon = (): Promise<void> => new Promise((then) => setTimeout(then, 50));

/** Clips of ten seconds at 0, 20 and 40 s and a still at 25 s, all cut both ways, each with two seconds around it. */
async function deskWith(way: Way = 'lossless'): Promise<Desk> {
  const clip = (id: string, inMs: number): ClipMark => ({ id, kind: 'clip', inMs, outMs: inMs + 10_000, caption: id, principle: null });
  const still = { id: 'still', kind: 'still', atMs: 25_000, exact: true, caption: 'still', principle: null } as const;
  const cuts: KeptCut[] = [];
  for (const mode of ['lossless', 'light'] as const) {
    for (const [mark, span, from, to] of [['a', '0-10000', 0, 12_000], ['b', '20000-30000', 18_000, 32_000], ['c', '40000-50000', 38_000, 52_000], ['still', '25000', 24_900, 25_200]] as const) {
      const name = `${mark}-${mode}`;
      await addCut(name, 10);
      const cut = mark === 'still' ? { at: 100 } : { in: 0, out: 10_000 };
      cuts.push({ mark, mode, span, cut: { name, bytes: 10, mimeType: 'video/mp4', cut, claims: { durationMs: to - from, pictures: null }, holds: { fromMs: from, toMs: to } } });
    }
  }
  await addCut('b-covered', 10);
  const covered = { name: 'b-covered', bytes: 10, mimeType: 'video/mp4', cut: { in: 0, out: 10_000 }, claims: { durationMs: 10_000, pictures: null }, holds: { fromMs: 20_000, toMs: 30_000 } };
  cuts.push({ mark: 'b', mode: 'covered', span: `20000-30000 ${JSON.stringify([BOX])}`, cut: covered });
  const details = { family: 'K-104', cycle: 1, question: '', points: [], reviewOn: '', of: 'family_film' } as const;
  const key = await filmKey(film());
  await put('drafts', key, { key, savedAt: Date.now(), durationMs: 60_000, marks: [clip('a', 0), clip('b', 20_000), clip('c', 40_000), still], details, way, cuts } as unknown as Draft);
  const desk = await reopened();
  desk.choose(way);
  return desk;
}

async function reopened(): Promise<Desk> {
  const desk = await Desk.open(film(), 60_000);
  Object.assign(desk.film.facts, { canCut: true, canCutLight: true });
  opened.push(desk);
  return desk;
}

const cover = (desk: Desk, id: string): Promise<void> => desk.toCover.say(desk.marks.find((mark) => mark.id === id)!);
const sentCaptions = (): string[] => [...(begun.at(-1)?.clip ?? []), ...(begun.at(-1)?.still ?? [])].map(({ caption }) => caption ?? '');
const send = async (desk: Desk): Promise<Sending> => {
  const sending = await sendings.send(desk, () => undefined, never);
  await expect.poll(() => sending.allSent || sending.problem).toBeTruthy();
  return sending;
};

it('what is held and what is marked meet where they have a moment in common, and what is not known holds all', () => {
  const marked = [stretch('a', 1000, 2000)];
  const held = (fromMs: number, toMs: number): number => heldBackBy({ holds: { fromMs, toMs }, looked: [] }, marked).length;
  expect([held(0, 1000), held(2000, 3000), held(0, 1001), held(1999, 3000), held(1400, 1500)]).toEqual([0, 0, 1, 1, 1]);
  expect(heldBackBy({ holds: null, looked: [] }, marked)).toEqual(marked);
  expect(heldBackBy({ holds: { fromMs: 0, toMs: 9 }, looked: [] }, [])).toEqual([]);
  expect(heldBackBy({ holds: { fromMs: 0, toMs: 3000 }, looked: ['a'] }, [...marked, stretch('b', 0, 10)])).toEqual([stretch('b', 0, 10)]);
});

describe('of a moment in which somebody is to be covered', () => {
  it.each(['lossless', 'light'] as const)('nothing is sent (%s), nor of another that reaches into it; the others go', async (way) => {
    const desk = await deskWith(way);
    await cover(desk, 'b');
    expect(desk.bytesOf(way)).toEqual({ bytes: 20, known: true });
    const sending = await send(desk);
    expect(sentCaptions()).toEqual(['a', 'c']); // the still is of the same seconds
    expect(sending.record.parts.map(({ title }) => title)).toEqual(['Clip 1', 'Clip 2']);
    expect(arrived()).toEqual([['m0', 10], ['m1', 10]]);
    await expect.poll(async () => (await cutNames()).sort()).toEqual(['b-light', 'b-lossless', 'still-light', 'still-lossless']);
    expect(desk.marks.filter((mark) => mark.sentIn).map(({ id }) => id)).toEqual(['a', 'c']);
  });

  it('nothing goes with a still of the same seconds, nor with what travels around a neighbour', async () => {
    const desk = await deskWith();
    await cover(desk, 'still');
    expect(desk.keptBack(desk.marks[1]!)).toContain('Still 1');
    desk.moveEnds(desk.marks[0] as ClipMark, 0, 17_000); // its cut of before held less
    await cover(desk, 'b');
    expect(desk.keptBack(desk.marks[2]!)).toBeNull();
    await changeStretches(desk.key, (now) => [...now, stretch('gone', 51_000, 51_500)]);
    await desk.toCover.refresh();
    expect(desk.keptBack(desk.marks[2]!)).toContain('0:51');
  });

  it('the seconds stay kept back where its ends are moved, and where it is removed, until she takes that back', async () => {
    const desk = await deskWith();
    await cover(desk, 'b');
    const clip = desk.marks[1] as ClipMark;
    desk.moveEnds(clip, 22_000, 35_000);
    desk.moveEnds(clip, 22_000, 24_000);
    await expect.poll(() => stretchesOf(desk.key)).toEqual([stretch('b', 20_000, 35_000)]);
    desk.remove(clip);
    expect(desk.keptBack(desk.marks.at(-1)!)).toContain('0:20.0 to 0:35.0');
    expect(desk.stretchesOfNone.map(({ id }) => id)).toEqual(['b']);
    await desk.toCover.takeBack('b');
    expect(desk.keptBack(desk.marks.at(-1)!)).toBeNull();
  });

  it('the whole film is not sent either, and where nothing else is left nothing is begun', async () => {
    const desk = await deskWith('whole');
    await cover(desk, 'b');
    expect([desk.way, desk.can('whole')]).toEqual(['lossless', false]);
    desk.way = 'whole'; // as where moments cannot be cut
    await expect(sendings.send(desk, () => undefined, never)).rejects.toMatchObject({ code: 'kept_back_whole' });
    desk.way = 'lossless';
    for (const id of ['a', 'c']) await cover(desk, id);
    await expect(sendings.send(desk, () => undefined, never)).rejects.toMatchObject({ code: 'kept_back' });
    expect([begun, arrived()]).toEqual([[], []]);
  });

  it('nothing is sent by a tab that was open before, nor does what that saves undo it', async () => {
    const [before, desk] = [await deskWith(), await reopened()];
    await cover(desk, 'b');
    await before.saveNow();
    await send(before);
    expect(sentCaptions()).toEqual(['a', 'c']);
    expect(await stretchesOf(desk.key)).toHaveLength(1);
  });

  it('nothing is added to a review that was sent of the film', async () => {
    const desk = await deskWith();
    await cover(desk, 'b');
    desk.addTo({ id: ID, family: 'K-104', cycle: 1, of: 'family_film', helping_question: '', working_points: [], whole_film: false, moments: [] } as unknown as SelectionView);
    const sending = await sendings.add(desk, () => undefined, never);
    await expect.poll(() => sending.allSent).toBe(true);
    expect(sentCaptions()).toEqual(['a', 'c']);
    expect(sending.record.parts.map(({ cut }) => cut)).toEqual(['a-lossless', 'c-lossless']);
  });

  it('nothing is sent because the service asks for the film', async () => {
    asksForFilm = true;
    const sending = await send(await deskWith());
    await expect.poll(() => sending.problem).toBeTruthy();
    await sending.resume(film());
    await expect.poll(() => sending.problem).toBeTruthy();
    expect(arrived().map(([what]) => what)).not.toContain(ID);
  });

  it('a covered cut goes once every picture of that very cut was looked at, knowing what else is marked', async () => {
    await changeStretches(await filmKey(film()), () => [{ ...stretch('b', 20_000, 30_000), marks: [BOX], asked: true }]);
    const desk = await deskWith();
    expect(desk.cutOf(desk.marks[1]!)?.done?.name).toBe('b-covered');
    await desk.toCover.noteLooked('b', 'b-lossless');
    expect(desk.keptBack(desk.marks[1]!)).not.toBeNull();
    await desk.toCover.noteLooked('b', 'b-covered');
    expect(desk.keptBack(desk.marks[1]!)).toBeNull();
    const sending = await send(desk);
    expect(sending.record.parts.map(({ cut }) => cut)).toEqual(['a-lossless', 'b-covered', 'c-lossless']);
    expect((begun[0]?.clip ?? []).map(({ covered }) => covered)).toEqual([undefined, true, undefined]);
  });

  it('a covered cut is not what other boxes, other ends or another mark ask for', async () => {
    const key = await filmKey(film());
    await changeStretches(key, () => [{ ...stretch('b', 20_000, 30_000, { cut: 'b-covered', knew: ['b'] }), marks: [BOX], asked: true }]);
    const desk = await deskWith();
    expect(desk.keptBack(desk.marks[1]!)).toBeNull();
    desk.moveEnds(desk.marks[1] as ClipMark, 20_000, 30_040);
    expect(desk.keptBack(desk.marks[1]!)).not.toBeNull();
    desk.moveEnds(desk.marks[1] as ClipMark, 20_000, 30_000);
    expect(desk.keptBack(desk.marks[1]!)).not.toBeNull(); // what was made before is gone
    await expect.poll(cutNames).not.toContain('b-covered');
    await changeStretches(key, () => [{ ...stretch('b', 20_000, 30_000, { cut: 'b-covered', knew: ['b'] }), marks: [BOX], asked: true }]);
    const again = await deskWith();
    expect(again.keptBack(again.marks[1]!)).toBeNull();
    await again.toCover.draw('b', [{ ...BOX, at: 21_000 }], true);
    expect(again.keptBack(again.marks[1]!)).not.toBeNull();
  });

  it('a covered cut of which she looked at every picture before something else was marked there does not go', async () => {
    await changeStretches(await filmKey(film()), () => [{ ...stretch('b', 20_000, 30_000, { cut: 'b-covered', knew: ['b'] }), marks: [BOX], asked: true }]);
    const desk = await deskWith();
    await cover(desk, 'still'); // of the same seconds, and not known when she looked
    expect(desk.keptBack(desk.marks[1]!)).toContain('Still 1');
  });
});

describe('what is on its way already', () => {
  const part = (name: string, fromMs: number, toMs: number): Part => ({ moment: name, kind: 'clip', title: name, cut: name, bytes: 10, done: false, holds: { fromMs, toMs } });
  const record = (parts: Part[], more: Partial<SendingRecord> = {}): SendingRecord => ({ id: ID, begunAt: 0, family: 'K-104', cycle: 2, way: 'lossless', filmKey: 'k', filmBytes: 999, parts, paused: false, ...more });
  const WHOLE: Part = { moment: null, kind: 'film', title: 'The whole film', cut: null, bytes: 500, done: false };

  it('stays after a reload, though what is not marked goes; once taken back it goes on', async () => {
    for (const name of ['x', 'y', 'old']) await addCut(name, 10);
    const { holds: _, ...old } = part('old', 0, 1);
    await put('sendings', ID, record([part('x', 0, 2000), part('y', 5000, 6000), old]));
    await changeStretches('k', () => [stretch('a', 1000, 1500)]);
    await sendings.resume();
    const sending = sendings.find(ID)!;
    await expect.poll(() => sending.problem).toContain('to be covered');
    expect(arrived()).toEqual([['y', 10]]); // what was cut before the page noted what it holds stays, too
    await changeStretches('k', () => []);
    await sending.resume();
    await expect.poll(() => sending.allSent).toBe(true);
    expect(arrived().map(([what]) => what).sort()).toEqual(['old', 'x', 'y']);
  });

  it('as a whole film stops at once, and is not sent where the film is given again', async () => {
    const key = await filmKey(film());
    const sending = new Sending(record([WHOLE], { way: 'whole', filmKey: key, paused: true }), film());
    await changeStretches(key, () => [stretch('a', 1000, 1500)]);
    await sending.resume(film());
    await expect.poll(() => sending.problem).toContain('not sent whole');
    expect(arrived()).toEqual([]);
    await sending.forget();
  });

  it('stops at the next piece when it is marked while it travels', async () => {
    const file = await Cleared.of(new Blob([new Uint8Array(2 * CHUNK_BYTES + 1)]), 'k', { holds: null, looked: [] });
    const marked: Promise<unknown>[] = [];
    const chunk = (): void => void marked.push(changeStretches('k', () => [stretch('a', 0, 1)]));
    const sent = upload(file, { selection: ID }, { progress: () => undefined, chunk, waiting: () => undefined }, never);
    await expect(sent).rejects.toMatchObject({ code: 'kept_back_whole' });
    await Promise.all(marked);
    await soon();
    expect(tus.uploads[0]?.bytes.length).toBe(CHUNK_BYTES);
  });

  it('is not let go by forgetting the marks of the film', async () => {
    const desk = await deskWith();
    await cover(desk, 'b');
    await put('sendings', ID, record([WHOLE], { way: 'whole', filmKey: desk.key }));
    const draft = (await get<Draft>('drafts', desk.key))!;
    await forgetDraft(draft);
    expect(await stretchesOf(desk.key)).toHaveLength(1);
    await put('sendings', ID, record([{ ...WHOLE, done: true }], { way: 'whole', filmKey: desk.key }));
    await forgetDraft(draft);
    expect(await stretchesOf(desk.key)).toEqual([]);
  });
});

it('there is no other way: who sends anything, and who reads cuts and films to send them', () => {
  const files = (readdirSync('src', { recursive: true }) as string[]).filter((path) => /\.(ts|svelte)$/.test(path) && !/\.test\.ts$|^testing\/|schema\.ts$/.test(path));
  const using = (what: RegExp): string[] => files.filter((path) => what.test(readFileSync(`src/${path}`, 'utf8'))).sort();
  expect(using(/tus-js-client/)).toEqual(['sending/upload.ts']);
  expect(using(/await upload\(/)).toEqual(['sending/sending.svelte.ts']);
  expect(using(/\bcutFile\(/)).toEqual(['desk/hiding/coverHere.svelte.ts', 'film/cut/opfs.ts', 'film/rpc/worker.ts', 'sending/clearance.ts']); // the first and the worker's, to be looked at
  expect(using(/(return|await) Cleared\.of\(/)).toEqual(['sending/clearance.ts']);
  expect(using(/XMLHttpRequest|sendBeacon|WebSocket|RTCPeerConnection/)).toEqual([]);
  // These ask for something, or send words and ids; api/client.svelte.ts sends what is JSON, and of files one kind only:
  expect(using(/(?<![#.])\bfetch\(/)).toEqual(['account/localSignIn.ts', 'account/signOut.ts', 'api/SignInDialog.svelte', 'api/client.svelte.ts', 'film/hevc/decoder.ts', 'film/read/bytes.ts']);
  expect(using(/body: (file|blob|film|cut|bytes)\b/)).toEqual(['families/Consents.svelte', 'review/artwork/Artwork.svelte']); // a signed form, a drawing: photographed by themselves
});
