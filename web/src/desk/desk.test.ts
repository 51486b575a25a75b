// @vitest-environment jsdom
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { newBrowser } from '../testing/browser';
import { draftKeys, serve } from '../testing/server';
import { getAll, put } from './browserDatabase';
import { Desk } from './desk.svelte';
import { forgetDraft, listDrafts } from './drafts';
import { filmKey } from './filmKey';
import type { ClipMark, Draft } from './marks';

const MINUTE_MS = 60_000;
const film = (name = 'Ella Smith.avi'): File => new File([new Uint8Array(1000)], name, { type: 'video/avi', lastModified: 1 });
/** A film that only its length is known of, so that nothing of it is cut here. */
async function open(file = film()): Promise<Desk> {
  const desk = await Desk.open(file, MINUTE_MS);
  opened.push(desk);
  return desk;
}
const opened: Desk[] = [];

beforeEach(async () => {
  await newBrowser();
  await serve((_, response) => void response.writeHead(404).end());
});
/** A draft that is still being written would reach the next test's browser. */
afterEach(async () => {
  for (const desk of opened.splice(0)) {
    desk.close();
    await desk.saveNow();
  }
});

/** A desk with clips of one second at each of these seconds. */
async function deskWith(...seconds: number[]): Promise<Desk> {
  const desk = await open();
  for (const second of seconds) desk.addClip(second * 1000, (second + 1) * 1000);
  return desk;
}

const starts = (desk: Desk): number[] => desk.marks.map((mark) => (mark.kind === 'clip' ? mark.inMs : mark.atMs) / 1000);

describe('marks', () => {
  it('a new mark is selected; a clip that would be empty is none', async () => {
    const desk = await open();
    desk.begunMs = 500;
    expect(desk.addClip(500, 500)).toBeNull();
    expect(desk.begunMs).toBe(500);
    const clip = desk.addClip(500, 900);
    expect(desk.selected?.id).toBe(clip?.id);
    expect(desk.begunMs).toBeNull();
  });

  it('the ends of a clip stay within the film and apart', async () => {
    const desk = await deskWith(10);
    const clip = desk.marks[0] as ClipMark;
    expect(desk.moveEnds(clip, -500, MINUTE_MS + 500)).toBe(true);
    expect([clip.inMs, clip.outMs]).toEqual([0, MINUTE_MS]);
    expect(desk.moveEnds(clip, 3000, 3000)).toBe(false);
    expect([clip.inMs, clip.outMs]).toEqual([0, MINUTE_MS]);
  });

  it('what was removed comes back to its place, selected', async () => {
    const desk = await deskWith(1, 2, 3);
    const second = desk.marks[1]!;
    desk.remove(second);
    expect(starts(desk)).toEqual([1, 3]);
    expect(desk.removed?.title).toBe('Clip 2');
    desk.undo();
    expect(starts(desk)).toEqual([1, 2, 3]);
    expect(desk.selectedId).toBe(second.id);
    expect(desk.undo()).toBeUndefined();
  });

  it('clips and stills are put in order among their own kind only', async () => {
    const desk = await deskWith(1, 2);
    const still = desk.addStill(5000);
    expect(desk.moveBy(desk.marks[1]!, -1)).toBe(true);
    expect(starts(desk)).toEqual([2, 1, 5]);
    expect(desk.moveBy(still, -1)).toBe(false);
    desk.moveTo(still, desk.marks[0]!);
    expect(starts(desk)).toEqual([2, 1, 5]);
    expect(desk.ordered.map((mark) => desk.title(mark))).toEqual(['Clip 1', 'Clip 2', 'Still 1']);
  });
});

describe('what would be sent', () => {
  it('of a film that cannot be cut here, only the whole of it', async () => {
    const desk = await deskWith(1);
    expect(desk.way).toBe('whole');
    expect(['lossless', 'light', 'whole'].map((way) => desk.can(way as 'light'))).toEqual([false, false, true]);
    expect(desk.bytesOf('whole')).toEqual({ bytes: 1000, known: true });
  });

  it('moments are estimated by their length, and what travels around them', async () => {
    const desk = await deskWith(1, 5);
    const { bytes, known } = desk.bytesOf('lossless');
    expect(known).toBe(false);
    expect(bytes).toBeCloseTo(2 * 1000 * (3 / 60), 5);
  });
});

describe('a draft', () => {
  it('is there again when the same film is opened, with every mark and word', async () => {
    const desk = await deskWith(1, 2);
    desk.marks[0]!.caption = 'Ella looks up.';
    desk.details.family = 'K-104';
    desk.save();
    desk.close();
    await desk.saveNow();
    const again = await open();
    expect(again.marks).toEqual(desk.marks);
    expect(again.details.family).toBe('K-104');
    expect((await open(film('Another.avi'))).marks).toEqual([]);
  });

  it('holds the last change, however many came while one was being written', async () => {
    const desk = await deskWith(1);
    for (let cycle = 1; cycle <= 20; cycle++) {
      desk.details.cycle = cycle;
      desk.save();
    }
    await expect.poll(async () => (await getAll<Draft>('drafts'))[0]?.details.cycle).toBe(20);
  });

  it('holds the name of the film to find it by, and what tells films apart does not', async () => {
    await (await deskWith(1)).saveNow();
    const [draft] = await getAll<Draft>('drafts');
    expect(draft?.name).toBe(film().name);
    expect(await filmKey(film())).toMatch(/^[0-9a-f]{24}$/);
    expect(await filmKey(film())).not.toBe(await filmKey(film('Ben.avi')));
    await forgetDraft(draft!);
    expect(await getAll('drafts')).toEqual([]);
  });

  it('is begun for a family, and one that has a family keeps it', async () => {
    const begun = await Desk.open(film(), MINUTE_MS, { family: 'K-104', cycle: 3, question: 'How?' });
    await begun.saveNow();
    expect((await listDrafts()).map((draft) => [draft.details.family, draft.details.cycle])).toEqual([['K-104', 3]]);
    const again = await Desk.open(film(), MINUTE_MS, { family: 'W-220', cycle: 1 });
    expect([again.details.family, again.details.cycle, again.details.question]).toEqual(['K-104', 3, 'How?']);
  });

  it('has a key of its own before its first mark, which is kept at once', async () => {
    await open();
    await expect.poll(() => draftKeys.made.size).toBe(1);
  });

  it('of thirty days ago is forgotten, and one without marks is not offered', async () => {
    await (await deskWith(1)).saveNow();
    const [draft] = await getAll<Draft>('drafts');
    await put('drafts', 'old', { ...draft, key: 'old', savedAt: Date.now() - 31 * 24 * 3600 * 1000 });
    await put('drafts', 'empty', { ...draft, key: 'empty', marks: [] });
    expect((await listDrafts()).map(({ key }) => key)).toEqual([draft?.key]);
    expect((await getAll<Draft>('drafts')).map(({ key }) => key)).not.toContain('old');
    await forgetDraft(draft!);
    expect(await listDrafts()).toEqual([]);
  });
});
