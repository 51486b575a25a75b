import { expect, it } from 'vitest';

import { lightCutsAtOnce } from './atOnce';

const hd = { widthPx: 1920, heightPx: 1080 };
const uhd = { widthPx: 3840, heightPx: 2160 };

it('so many are cut at once as there are cores for, and one is left to the page', () => {
  const atOnce = [1, 2, 3, 4, 6, 8, 16].map((cores) => lightCutsAtOnce(hd, false, { cores, memoryGb: 8 }));
  expect(atOnce).toEqual([1, 1, 1, 2, 3, 3, 3]);
});

it('one while the film plays, and where there is little memory; two of large pictures', () => {
  const laptop = { cores: 8, memoryGb: 8 };
  expect(lightCutsAtOnce(hd, true, laptop)).toBe(1);
  expect(lightCutsAtOnce(hd, false, { ...laptop, memoryGb: 2 })).toBe(1);
  expect(lightCutsAtOnce(hd, false, { ...laptop, memoryGb: null })).toBe(3);
  expect(lightCutsAtOnce(uhd, false, laptop)).toBe(2);
});
