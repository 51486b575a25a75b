import { describe, expect, it } from 'vitest';

import { toStandardLight, type WideLight } from './standardLight';

/** Of grey values of ten bits, as a share of all, what the service's own filters make at video levels (`zscale`, `tonemap=mobius`). */
describe('HDR on a usual screen', () => {
  it.each<[WideLight, number, number]>([
    ['hlg', 0, 0],
    ['hlg', 0.25, (77 - 16) / 219],
    ['hlg', 0.5, (139 - 16) / 219],
    ['hlg', 0.75, (201 - 16) / 219],
    ['hlg', 1, (230 - 16) / 219],
    ['pq', 0, 0],
    ['pq', 0.25, (63 - 16) / 219],
    ['pq', 0.5, (170 - 16) / 219],
    ['pq', 0.75, (230 - 16) / 219],
  ])('%s at %f is %f', (light, stored, shown) => {
    const pixels = Uint8ClampedArray.of(stored * 255, stored * 255, stored * 255, 255);
    toStandardLight(pixels, light);
    for (const value of pixels.subarray(0, 3)) expect(Math.abs(value / 255 - shown)).toBeLessThan(0.02);
    expect(pixels[3]).toBe(255);
  });

  it('keeps what is red red, and more so', () => {
    const pixels = Uint8ClampedArray.of(180, 60, 60, 255);
    toStandardLight(pixels, 'hlg');
    expect(pixels[0]! - pixels[1]!).toBeGreaterThan(100);
  });
});
