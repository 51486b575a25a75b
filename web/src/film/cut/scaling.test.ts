import { describe, expect, it } from 'vitest';

import { areaWeights } from './scaling';

describe('making a picture smaller', () => {
  it.each([
    [1920, 1280],
    [1080, 720],
    [3840, 1280],
    [853, 640],
    [720, 720],
  ])('counts every value of %i once when %i are made of them', (from, to) => {
    const { taps, first, share } = areaWeights(from, to);
    const counted = new Float64Array(from);
    for (let n = 0; n < to; n++) {
      let whole = 0;
      for (let tap = 0; tap < taps; tap++) {
        const part = share[n * taps + tap]!;
        whole += part;
        counted[first[n]! + tap]! += part;
      }
      expect(whole).toBeCloseTo(1, 5);
    }
    for (const value of counted) expect(value).toBeCloseTo(to / from, 4);
  });
});
