import { expect, test } from 'vitest';

import { otherCodecStrings } from './codecName';

test.each([
  ['vp09.00.00.08', ['vp09.00.51.08']],
  ['vp09.00.00.00', ['vp09.00.51.08']],
  ['vp09.02.00.00', ['vp09.02.51.10']],
  ['vp09.00.10.08.01.00.00.00.00', ['vp09.00.51.08.01.00.00.00.00', 'vp09.00.51.08']],
  ['avc1.640000', ['avc1.640034']],
  ['avc3.42c009', ['avc3.42c034']],
  ['hev1.1.6.L93.B0', []],
  ['vp8', []],
  ['', []],
])('%s may also be called %j', (codec, others) => {
  expect(otherCodecStrings(codec)).toEqual(others);
});
