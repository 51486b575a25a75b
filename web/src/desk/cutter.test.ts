import { beforeEach, expect, it } from 'vitest';

import type { FinishedCut, Moment } from '../film';
import { Cutter } from './cutter.svelte';
import type { ClipMark } from './marks';

const clip = (id: string, inMs = 0): ClipMark => ({ id, kind: 'clip', inMs, outMs: inMs + 1000, caption: '', principle: null });

/** Cuts that end when the test says so. */
interface Begun {
  readonly what: string;
  readonly signal: AbortSignal;
  end(): void;
}
let begun: Begun[] = [];
let atOnce = 2;

function cutter(): Cutter {
  const make = (_: File, moment: Moment, mode: string, name: string, __: unknown, signal: AbortSignal): Promise<FinishedCut> =>
    new Promise((resolve) => {
      const cut = { name, bytes: 1, mimeType: 'video/mp4', cut: { in: 0, out: 1 }, claims: { durationMs: 1, pictures: 1 }, holds: { fromMs: 0, toMs: 1 } };
      const what = `${name.split('-')[0]} ${mode} ${moment.kind === 'clip' ? moment.inMs : ''}`;
      begun.push({ what, signal, end: () => resolve(cut) });
    });
  return new Cutter(new File([], 'film.mp4'), () => undefined, [], () => atOnce, make);
}

const now = (): string[] => begun.map(({ what }) => what);
const soon = (): Promise<void> => new Promise((then) => setTimeout(then));
async function end(what: string): Promise<void> {
  begun.find((one) => one.what === what)?.end();
  begun = begun.filter((one) => one.what !== what);
  await soon();
}

beforeEach(() => {
  begun = [];
  atOnce = 2;
});

it('copies are made one after another, then so many are encoded at once as the computer carries', async () => {
  const cuts = cutter();
  cuts.setWanted([clip('a'), clip('b'), clip('c')], () => ['lossless', 'light']);
  let isDone = false;
  void cuts.finish().then(() => (isDone = true));
  for (const id of ['a', 'b', 'c']) {
    expect(now()).toEqual([`${id} lossless 0`]);
    await end(`${id} lossless 0`);
  }
  expect(now()).toEqual(['a light 0', 'b light 0']);
  await end('b light 0');
  expect(now()).toEqual(['a light 0', 'c light 0']);
  await end('a light 0');
  expect(isDone).toBe(false);
  await end('c light 0');
  expect(isDone).toBe(true);
  expect(cuts.finishedCuts()).toHaveLength(6);
});

it('while fewer may be encoded, none more is begun; then they go on', async () => {
  const cuts = cutter();
  atOnce = 1;
  cuts.setWanted([clip('a'), clip('b')], () => ['light']);
  void cuts.finish();
  expect(now()).toEqual(['a light 0']);
  atOnce = 2;
  cuts.resume();
  expect(now()).toEqual(['a light 0', 'b light 0']);
});

it('a moment that changes while it is encoded is begun anew once that has ended, and the others go on', async () => {
  atOnce = 3;
  const cuts = cutter();
  cuts.setWanted([clip('a'), clip('b')], () => ['light']);
  void cuts.finish();
  cuts.setWanted([clip('a', 500), clip('b')], () => ['light']);
  cuts.resume();
  expect(begun).toHaveLength(2); // what has just changed may change again
  void cuts.finish();
  expect(begun.map(({ what, signal }) => [what, signal.aborted])).toEqual([['a light 0', true], ['b light 0', false]]);
  await end('a light 0');
  expect(now()).toEqual(['b light 0', 'a light 500']);
  await end('a light 500');
  expect(cuts.stateOf(clip('a', 500), 'light')?.done).not.toBeNull();
});
