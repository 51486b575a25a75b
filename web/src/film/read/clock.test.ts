import { describe, expect, it } from 'vitest';

import { FilmClock, moveBoundary } from './clock';

describe('the film clock', () => {
  const ntsc = new FilmClock(30_000, 2_002);

  it('rounds the time of a frame down to a millisecond', () => {
    expect(ntsc.msAt(2_002 + 1_001)).toBe(33);
    expect(ntsc.msAt(2_002 + 2 * 1_001)).toBe(66);
    expect(ntsc.msAt(2_002 + 30 * 1_001)).toBe(1001);
  });

  it('gives the first tick whose time is not before a millisecond', () => {
    for (let frame = 0; frame < 2_000; frame++) {
      const ticks = 2_002 + frame * 1_001;
      const ms = ntsc.msAt(ticks);
      expect(ntsc.ticksAt(ms)).toBeLessThanOrEqual(ticks);
      expect(ntsc.ticksAt(ms + 1)).toBeGreaterThan(ticks);
    }
  });

  it('finds the tick of a timestamp in seconds after hours of film', () => {
    const hours = 5 * 3600 * 30_000;
    expect(ntsc.ticks((hours + 1_001) / 30_000)).toBe(hours + 1_001);
  });
});

describe('a boundary on the clock of the cut', () => {
  it('is where it was, rounded, when no frame is near', () => {
    expect(moveBoundary(1234.4, 1200, 1233.9 + 33)).toBe(1234);
  });

  it('comes after the last frame before it and not after the first frame at it', () => {
    for (let step = 0; step < 1_000; step++) {
      const wanted = 500 + step / 7;
      const before = wanted - 0.3 - (step % 5) * 8;
      const after = wanted + (step % 3) * 11;
      if (after - before < 1) continue;
      const moved = moveBoundary(wanted, before, after);
      expect(Math.floor(before)).toBeLessThan(moved);
      expect(Math.floor(after)).toBeGreaterThanOrEqual(moved);
      expect(Math.abs(moved - wanted)).toBeLessThan(1);
    }
  });

  it('is never negative', () => {
    expect(moveBoundary(-0.4, null, 0)).toBe(0);
  });
});
