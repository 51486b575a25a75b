import { VideoSample } from 'mediabunny';
import { describe, expect, it } from 'vitest';

import { PictureScaler, areaWeights } from './scaling';

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

describe('a picture that is small enough', () => {
  const [width, height] = [6, 4];
  const luma = Array.from({ length: width * height }, (_, n) => (n * 37) % 256);
  const blue = [1, 2, 3, 4, 5, 6];
  const red = [250, 251, 252, 253, 254, 255];

  it.each([
    ['I420', [...luma, ...blue, ...red]],
    ['NV12', [...luma, ...blue.flatMap((value, n) => [value, red[n]!])]],
  ] as const)('keeps each value, stored as %s', async (format, stored) => {
    const size = { width, height };
    const sample = new VideoSample(Uint8Array.from(stored), { format, codedWidth: width, codedHeight: height, timestamp: 0 });
    const made = await new PictureScaler(size, null, null).scale(sample, size);
    const planes = new Uint8Array(made!.allocationSize());
    await made!.copyTo(planes);
    expect([...planes]).toEqual([...luma, ...blue, ...red]);
  });
});
