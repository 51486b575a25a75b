// @vitest-environment jsdom
import { beforeEach, expect, it } from 'vitest';

import { newBrowser } from '../testing/browser';
import { SharedStream, type Connect } from './sharedStream';

/** A service that notes who reads a stream of what, and can tell and end. */
class Source {
  readonly open: { subjects: string[]; tell: (subject: string, message: string) => void; end: () => void }[] = [];
  opened = 0;

  readonly connect: Connect<string> = async (subjects, tell, signal) => {
    this.opened += 1;
    await new Promise<void>((resolve, reject) => {
      const stream = { subjects, tell, end: resolve };
      this.open.push(stream);
      const close = (): void => void this.open.splice(this.open.indexOf(stream), 1);
      signal.addEventListener('abort', () => (close(), reject(signal.reason as Error)), { once: true });
      for (const subject of subjects) tell(subject, 'as it is');
    });
  };
}

let names = 0;
let name: string;
let source: Source;
const left: (() => void)[] = [];

beforeEach(async () => {
  for (const leave of left.splice(0)) leave();
  await newBrowser();
  name = `stream ${names++}`;
  source = new Source();
});

const newTab = (most?: number): SharedStream<string> => new SharedStream(name, source.connect, most, 20);

function watch(tab: SharedStream<string>, subject: string) {
  const heard: string[] = [];
  let missed = 0;
  const leave = tab.subscribe(subject, { told: (message) => heard.push(message), missed: () => (missed += 1) });
  left.push(leave);
  return { heard, leave, missed: () => missed };
}

const connected = (): string[][] => source.open.map(({ subjects }) => [...subjects].sort());

it('reads one stream for all tabs, of all that any of them wants', async () => {
  const [one, other] = [newTab(), newTab()];
  const a = watch(one, 'a');
  await expect.poll(connected).toEqual([['a']]);
  const b = watch(other, 'b');
  const alsoA = watch(other, 'a');
  await expect.poll(connected).toEqual([['a', 'b']]);
  await expect.poll(() => b.heard).toEqual(['as it is']);
  source.open[0]?.tell('a', 'changed');
  await expect.poll(() => [a.heard.at(-1), alsoA.heard.at(-1)]).toEqual(['changed', 'changed']);
  expect(b.heard).toEqual(['as it is']);
});

it('is taken over by the next tab when the one that reads it is left', async () => {
  const [one, other] = [newTab(), newTab()];
  const a = watch(one, 'a');
  await expect.poll(connected).toEqual([['a']]);
  const b = watch(other, 'b');
  await expect.poll(() => b.heard.length).toBe(1);
  a.leave();
  await expect.poll(connected).toEqual([['b']]);
  await expect.poll(() => b.heard.length).toBe(2); // as it was when the new stream began
});

it('is taken from a tab that is frozen, which goes on by the other’s when it wakes', async () => {
  let wake = (): void => undefined;
  const frozen = navigator.locks.request(name, {}, () => new Promise<void>((resolve) => (wake = resolve))).catch((error: unknown) => error);
  const a = watch(newTab(), 'a');
  await expect.poll(connected).toEqual([['a']]);
  expect(await frozen).toHaveProperty('name', 'AbortError');
  wake();
  const [one] = [newTab()];
  const b = watch(one, 'a');
  source.open[0]?.tell('a', 'changed');
  await expect.poll(() => [a.heard.at(-1), b.heard.at(-1)]).toEqual(['changed', 'changed']);
});

it('looks again where it was read no more for a while', async () => {
  const a = watch(newTab(), 'a');
  await expect.poll(connected).toEqual([['a']]);
  await Promise.all([navigator.locks.request(name, { steal: true }, () => Promise.resolve()), expect.poll(a.missed).toBe(1)]);
  await expect.poll(connected).toEqual([['a']]);
  expect(source.opened).toBe(2);
});

it('connects again when the stream ends, and tells how everything is', async () => {
  const a = watch(newTab(), 'a');
  await expect.poll(() => a.heard.length).toBe(1);
  source.open.shift()?.end();
  await expect.poll(() => a.heard.length).toBe(2);
});

it('asks for no more at once than the service takes, and for the others as soon as there is room', async () => {
  const tab = newTab(2);
  const [a, , c] = [watch(tab, 'a'), watch(tab, 'b'), watch(tab, 'c')];
  await expect.poll(connected).toEqual([['a', 'b']]);
  a.leave();
  await expect.poll(connected).toEqual([['b', 'c']]);
  expect(c.heard).toEqual(['as it is']);
});

it('reads one of its own, while it is looked at, where the browser keeps nothing', async () => {
  const kept = Object.getOwnPropertyDescriptor(globalThis, 'localStorage');
  Object.defineProperty(globalThis, 'localStorage', { configurable: true, get: () => { throw new Error('denied'); } });
  let hidden = false;
  Object.defineProperty(document, 'hidden', { configurable: true, get: () => hidden });
  try {
    const [a, b] = [watch(newTab(), 'a'), watch(newTab(), 'b')];
    await expect.poll(connected).toEqual([['a'], ['b']]);
    hidden = true;
    document.dispatchEvent(new Event('visibilitychange'));
    await expect.poll(connected).toEqual([]);
    hidden = false;
    document.dispatchEvent(new Event('visibilitychange'));
    await expect.poll(() => [a.heard.length, b.heard.length]).toEqual([2, 2]);
  } finally {
    if (kept) Object.defineProperty(globalThis, 'localStorage', kept);
    Object.defineProperty(document, 'hidden', { configurable: true, value: false });
  }
});
