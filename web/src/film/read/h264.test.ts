import { describe, expect, it } from 'vitest';

import { isIntraPicture } from './h264';

const REFRESH = [0x65, 0x88, 0x84];
/** First macroblock 0 (1), then the type: 7 intra is 00010 00, 5 predicted is 00110. */
const INTRA = [0x41, 0b1000_1000, 0x80];
const PREDICTED = [0x41, 0b1001_1000, 0x80];
const PARAMETERS = [0x67, 0x64, 0x00];

function byLength(...units: number[][]): Uint8Array {
  return new Uint8Array(units.flatMap((unit) => [0, 0, 0, unit.length, ...unit]));
}

function byStartCode(...units: number[][]): Uint8Array {
  return new Uint8Array(units.flatMap((unit) => [0, 0, 1, ...unit]));
}

describe('a picture that decoding can begin with', () => {
  it.each([
    ['a refresh', REFRESH, true],
    ['an intra picture, as open GOPs begin with', INTRA, true],
    ['a predicted picture, however the container marks it', PREDICTED, false],
  ])('%s', (_, unit, expected) => {
    expect(isIntraPicture(byLength(PARAMETERS, unit), 4)).toBe(expected);
    expect(isIntraPicture(byStartCode(PARAMETERS, unit), null)).toBe(expected);
  });

  it('is not found in bytes that end too soon', () => {
    expect(isIntraPicture(new Uint8Array([0, 0, 0, 200]), 4)).toBe(false);
    expect(isIntraPicture(new Uint8Array(), null)).toBe(false);
  });
});
