import { describe, expect, it } from 'vitest';

import { coverAt, coveredPx, drawCover, GREY, isCovered, type Cover } from './cover';
import type { Box, CoverMark } from '../types';

const BOX: Box = { x: 0.4, y: 0.4, width: 0.1, height: 0.2 };
const box = (at: number, x = BOX.x): CoverMark => ({ at, covers: 'box', box: { ...BOX, x } });
const said = (at: number, covers: 'whole' | 'nobody'): CoverMark => ({ at, covers, box: null });
const holds = (outer: Box | null, inner: Box): boolean =>
  !!outer && outer.x <= inner.x && outer.y <= inner.y && outer.x + outer.width >= inner.x + inner.width && outer.y + outer.height >= inner.y + inner.height;

describe('what is covered between what she said', () => {
  it('is her own word on the picture itself, without a doubt', () => {
    const marks = [box(0), said(40, 'nobody'), said(80, 'whole')];
    expect(marks.map(({ at }) => coverAt(marks, at))).toEqual([
      { covers: 'box', box: BOX, doubt: '' }, { covers: 'nobody', box: null, doubt: '' }, { covers: 'whole', box: null, doubt: '' },
    ]);
  });

  it('goes straight from box to box from both sides, larger in the middle, and holds who goes a quarter of the way aside', () => {
    const marks = [box(0, 0.1), box(2000, 0.7)];
    for (let ms = 40; ms < 2000; ms += 40) {
      const cover = coverAt(marks, ms);
      const x = 0.1 + (0.6 * ms) / 2000;
      expect(holds(cover.box, { ...BOX, x })).toBe(true);
      const aside = 0.15 * 4 * (ms / 2000) * (1 - ms / 2000);
      expect(holds(cover.box, { ...BOX, x: x + aside })).toBe(true);
      expect(cover.box!.width).toBeLessThan(0.6);
    }
    const [from, to] = [coverAt(marks, 400).box!, coverAt(marks, 1600).box!];
    expect(from.width).toBeCloseTo(to.width);
  });

  it('is all of the picture, and in doubt, where nothing is known', () => {
    const whole = (marks: CoverMark[], ms: number): boolean => coverAt(marks, ms).covers === 'whole' && coverAt(marks, ms).doubt !== '';
    expect(whole([], 0)).toBe(true);
    expect(whole([box(0), box(9000)], 4500)).toBe(true); // far from both
    expect([whole([box(0), box(1000)], 1400), whole([box(0), box(1000)], 1501)]).toEqual([false, true]); // behind the last
    expect([whole([box(600), box(1000)], 120), whole([box(600), box(1000)], 99)]).toEqual([false, true]); // before the first
    expect([whole([box(0), said(3000, 'nobody')], 400), whole([box(0), said(3000, 'nobody')], 2900)]).toEqual([false, true]);
    expect([whole([box(0)], 9000), whole([box(0)], 10_001)]).toEqual([false, true]); // somebody who sits
    expect(coverAt([box(0)], 2000).doubt).not.toBe('');
    expect(coverAt([box(0), said(3000, 'whole')], 100).covers).toBe('whole');
    expect([coverAt([said(50, 'nobody')], 0).covers, coverAt([said(0, 'nobody'), said(90, 'nobody')], 50).covers]).toEqual(['nobody', 'nobody']);
  });
});

describe('the cover', () => {
  const size = { width: 64, height: 48 };
  const cover = (over: Partial<Box>): Cover => ({ covers: 'box', box: { ...BOX, ...over }, doubt: '' });

  it('reaches out to whole cells of 8 px, of the colours too, and touches nothing else', () => {
    expect(coveredPx(cover({ x: 0.13, y: 0.17, width: 0.01, height: 0.01 }), size)).toEqual({ x: 8, y: 8, width: 8, height: 8 });
    expect(coveredPx(cover({ x: 0.95, y: 0.95, width: 0.05, height: 0.05 }), { width: 62, height: 46 })).toEqual({ x: 56, y: 40, width: 6, height: 6 });
    expect(coveredPx({ covers: 'nobody', box: null, doubt: '' }, size)).toBeNull();
    const planes = new Uint8Array((64 * 48 * 3) / 2).fill(200);
    drawCover(planes, size, cover({ x: 0.125, y: 1 / 6, width: 0.125, height: 1 / 6 }));
    const left = planes.filter((value) => value !== 200);
    expect([left.length, new Set(left)]).toEqual([64 + 2 * 16, new Set([94, 128])]);
    expect([planes[8 * 64 + 8], planes[15 * 64 + 15], planes[8 * 64 + 16], planes[64 * 48 + 4 * 32 + 4]]).toEqual([94, 94, 200, 128]);
  });

  it('is looked for in every pixel of it as decoded, but at its edge', () => {
    const rgbx = new Uint8Array(4 * 64 * 48).fill(200);
    const put = (x: number, y: number, value: number): void => void rgbx.fill(value, 4 * (y * 64 + x), 4 * (y * 64 + x) + 3);
    const rect = coveredPx(cover({}), size)!;
    for (let y = rect.y; y < rect.y + rect.height; y++) for (let x = rect.x; x < rect.x + rect.width; x++) put(x, y, GREY);
    expect(isCovered(rgbx, size, cover({}))).toBe(true);
    expect(isCovered(rgbx, size, { covers: 'whole', box: null, doubt: '' })).toBe(false);
    put(rect.x, rect.y, 200); // what encoding smooths over
    expect(isCovered(rgbx, size, cover({}))).toBe(true);
    put(rect.x + 3, rect.y + 3, 180);
    expect(isCovered(rgbx, size, cover({}))).toBe(false);
  });
});
