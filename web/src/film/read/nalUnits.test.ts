import { describe, expect, it } from 'vitest';

import { entryKind } from './nalUnits';

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
    ['a refresh', REFRESH, 'closed'],
    ['an intra picture, as open GOPs begin with', INTRA, 'open'],
    ['a predicted picture, however the container marks it', PREDICTED, null],
  ])('%s', (_, unit, expected) => {
    expect(entryKind(byLength(PARAMETERS, unit), { codec: 'avc', lengthBytes: 4 })).toBe(expected);
    expect(entryKind(byStartCode(PARAMETERS, unit), { codec: 'avc', lengthBytes: null })).toBe(expected);
  });

  it.each([
    ['an instantaneous refresh', 20, 'closed'],
    ['a clean random access, as open GOPs begin with', 21, 'open'],
    ['a picture that leans on others', 1, null],
  ])('of HEVC: %s', (_, kind, expected) => {
    const units = [[32 << 1, 1], [39 << 1, 1], [kind << 1, 1]];
    expect(entryKind(byLength(...units), { codec: 'hevc', lengthBytes: 4 })).toBe(expected);
    expect(entryKind(byStartCode(...units), { codec: 'hevc', lengthBytes: null })).toBe(expected);
  });

  it('is not found in bytes that end too soon', () => {
    expect(entryKind(new Uint8Array([0, 0, 0, 200]), { codec: 'avc', lengthBytes: 4 })).toBe(null);
    expect(entryKind(new Uint8Array(), { codec: 'hevc', lengthBytes: null })).toBe(null);
  });
});
