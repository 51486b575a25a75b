import { describe, expect, it } from 'vitest';

import { behindStartCodes, isLeftOut } from './units';

const unit = (kind: number, ...rest: number[]): Uint8Array => Uint8Array.of(kind << 1, 1, ...rest);

describe('a stream for the decoder', () => {
  it('has each unit behind a start code', () => {
    expect([...behindStartCodes([unit(33, 7), unit(19, 8, 9)])]).toEqual([0, 0, 0, 1, 66, 1, 7, 0, 0, 0, 1, 38, 1, 8, 9]);
  });

  it.each([
    ['leans on what is left out', 9, true],
    ['leans on the key picture only', 7, false],
    ['is shown after it', 1, false],
    ['is the next key picture', 21, false],
  ])('where a picture behind the first key picture %s', (_, kind, left) => {
    expect(isLeftOut([unit(35), unit(39), unit(kind)])).toBe(left);
  });
});
