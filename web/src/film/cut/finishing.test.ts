import { describe, expect, it } from 'vitest';

import { BT709, finish, fromRgba, toBt709, turnPlane } from './finishing';

const SIZE = { width: 2, height: 2 };
/** Colours by ITU-R BT.601 and BT.709: red, blue and a skin, in R G B and in brightness, blue, red at video levels. */
const COLORS = [
  { rgb: [255, 0, 0], bt601: [81, 90, 240], bt709: [63, 102, 240] },
  { rgb: [0, 0, 255], bt601: [41, 240, 110], bt709: [32, 240, 118] },
  { rgb: [224, 172, 105], bt601: [171, 91, 156], bt709: [169, 93, 154] },
] as const;

function flat([y, b, r]: readonly [number, number, number]): Uint8Array {
  return Uint8Array.of(y, y, y, y, b, r);
}

describe('a finished picture', () => {
  // A row of three over a row of three, as in a film that is two lines high.
  const stored = [1, 2, 3, 4, 5, 6];
  it.each([
    [0, false, [1, 2, 3, 4, 5, 6]],
    [0, true, [3, 2, 1, 6, 5, 4]],
    [90, false, [4, 1, 5, 2, 6, 3]],
    [90, true, [1, 4, 2, 5, 3, 6]],
    [180, false, [6, 5, 4, 3, 2, 1]],
    [180, true, [4, 5, 6, 1, 2, 3]],
    [270, false, [3, 6, 2, 5, 1, 4]],
    [270, true, [6, 3, 5, 2, 4, 1]],
  ] as const)('turned by %i, mirrored %s', (rotation, flip, upright) => {
    expect(turnPlane([...stored], { width: 3, height: 2 }, { rotation, flip })).toEqual(upright);
  });

  it.each(COLORS)('has the colours of BT.709: $rgb', ({ rgb, bt601, bt709 }) => {
    const near = (planes: Uint8Array, wanted: readonly number[]): void => {
      for (const [at, value] of flat(wanted as [number, number, number]).entries()) expect(Math.abs(planes[at]! - value)).toBeLessThanOrEqual(1);
    };
    const turn = { rotation: 0, flip: false } as const;
    for (const matrix of ['smpte170m', 'bt470bg'] as const) {
      const { planes, colorSpace } = finish(flat(bt601), SIZE, turn, { matrix, primaries: 'smpte170m', transfer: 'smpte170m', fullRange: false });
      near(planes, bt709);
      expect(colorSpace).toEqual(BT709);
    }
    const [y, b, r] = bt709;
    const full = [((y - 16) * 255) / 219, 128 + ((b - 128) * 255) / 224, 128 + ((r - 128) * 255) / 224].map((value) => Math.min(255, Math.round(value))) as [number, number, number];
    near(finish(flat(full), SIZE, turn, { ...BT709, fullRange: true }).planes, bt709);
    near(fromRgba(Uint8ClampedArray.from([0, 0, 0, 0].flatMap(() => [...rgb, 255])), SIZE), bt709);
  });

  it('leaves colours alone that are not its own to change', () => {
    expect(toBt709(BT709)).toBeNull();
    for (const other of [{ matrix: 'bt2020-ncl' }, { ...BT709, transfer: 'hlg' }, { ...BT709, primaries: 'smpte432' }]) {
      expect(toBt709(other as VideoColorSpaceInit)).toBeUndefined();
      expect(finish(flat([81, 90, 240]), SIZE, { rotation: 0, flip: false }, other as VideoColorSpaceInit)).toMatchObject({ colorSpace: other, planes: flat([81, 90, 240]) });
    }
  });
});
