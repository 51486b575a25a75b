import { expect, it } from 'vitest';
import type { MomentView } from '../../api/types';
import { SILENCE_FADE_MS, SILENCE_MARGIN_MS } from '../../limits';
import { peaksOf, silence } from './clipSound';
import { Silences } from './silences.svelte';

const moment = (spoken: { from: number; to: number }[], beginsMs: number | null = null): MomentView =>
  ({ moment: { in: 10_000, out: 14_000, silence: spoken }, facts: { begins_ms: beginsMs } }) as MomentView;

it('a stretch is silent with its margin, fades outside of it, and is the same wherever playing begins', () => {
  const whole = new Float32Array(48_000).fill(1);
  silence(whole, 0, [{ fromMs: 400, toMs: 600 }]);
  const at = (ms: number): number => whole[Math.round(ms * 48)]!;
  for (const ms of [400 - SILENCE_MARGIN_MS, 500, 599 + SILENCE_MARGIN_MS]) expect(at(ms)).toBe(0);
  const outside = SILENCE_MARGIN_MS + SILENCE_FADE_MS;
  expect([at(400 - outside - 1), at(600 + outside + 1)]).toEqual([1, 1]);
  expect(at(400 - SILENCE_MARGIN_MS - SILENCE_FADE_MS / 2)).toBeCloseTo(0.5, 2);
  const part = new Float32Array(24_000).fill(1);
  silence(part, 12_000, [{ fromMs: 400, toMs: 600 }]);
  expect(part).toEqual(whole.slice(12_000, 36_000));
});

it('the loudest of both channels makes the shape', () => {
  expect([...peaksOf([new Float32Array([0, -0.5, 0, 0]), new Float32Array([0.25, 0, 0, 1])], 2)]).toEqual([0.5, 1]);
});

it('stretches are asked for on the clock of the film, from the first picture that is shown', () => {
  const silences = new Silences(moment([], 10_033), 3967);
  silences.put(1000, 1500);
  expect(silences.asked()).toEqual([{ from: 11_033, to: 11_533 }]);
  expect(silences.changed).toBe(true);
  expect(silences.opens).toBe(false);
});

it('each has to be heard, again once it was moved', () => {
  const silences = new Silences(moment([{ from: 11_000, to: 11_500 }]), 4000);
  expect([silences.unheard, silences.changed]).toEqual([0, false]);
  const moved = silences.put(900, 1500, silences.all[0]);
  expect([silences.unheard, silences.changed, silences.opens]).toEqual([1, true, false]);
  silences.hear(moved!);
  expect(silences.unheard).toBe(0);
  silences.put(1200, 1500, moved!);
  expect([silences.unheard, silences.opens]).toEqual([1, true]);
});

it('what lies outside of the clip stays silent, for other ends', () => {
  const silences = new Silences(moment([{ from: 2000, to: 3000 }, { from: 13_500, to: 20_000 }]), 4000);
  expect(silences.all).toEqual([{ fromMs: 3500, toMs: 4000 }]);
  silences.remove(silences.all[0]!);
  expect(silences.opens).toBe(true);
  expect(silences.asked()).toEqual([{ from: 2000, to: 3000 }]);
});

it('what is no time, or too short, or beyond its ends becomes none or one that is', () => {
  const silences = new Silences(moment([]), 4000);
  expect(silences.put(Number.NaN, 5)).toBeNull();
  expect(silences.put(-5, 3)).toEqual({ fromMs: 0, toMs: 20 });
  expect(silences.put(3999, 9000)).toEqual({ fromMs: 3980, toMs: 4000 });
  for (let n = 0; n < 30; n++) silences.put(n * 100, n * 100 + 50);
  expect([silences.full, silences.all.length]).toEqual([true, 20]);
});
