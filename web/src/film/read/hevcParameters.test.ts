import { describe, expect, it } from 'vitest';

import { Bits } from './bits';
import { readSequence } from './hevcParameters';

const SHAPE_TWO_TO_ONE = 16;

/** A sequence parameter set of one layer, behind its header, whose reference sets and scaling lists are `inside`. */
function sequence(inside: { scaling?: string; sets: string }): Bits {
  const number = golomb;
  const sizes = number(1) + number(320) + number(240) + '0' + number(0) + number(0) + number(4);
  const written =
    '0000' + '000' + '1' + '0'.repeat(96) + number(0) + sizes + '1' + number(4).repeat(3) + number(0).repeat(6) +
    (inside.scaling ?? '0') + '00' + '0' + inside.sets + '0' + '00' + '1' + '1' + SHAPE_TWO_TO_ONE.toString(2).padStart(8, '0') + '1';
  const bytes = written.match(/.{1,8}/g)!.map((byte) => parseInt(byte.padEnd(8, '0'), 2));
  return new Bits(Uint8Array.from(bytes));
}

function golomb(value: number): string {
  const bits = (value + 1).toString(2);
  return '0'.repeat(bits.length - 1) + bits;
}

const LISTED = golomb(2) + golomb(1) + golomb(0) + '1' + golomb(2) + '1' + golomb(0) + '1';

describe('the shape of pixels of HEVC', () => {
  it.each([
    ['no reference sets', { sets: golomb(0) }],
    ['a set that lists its pictures', { sets: golomb(1) + LISTED }],
    ['a set that leaves one of the pictures before it out', { sets: golomb(2) + LISTED + '1' + '1' + golomb(0) + '1' + '00' + '1' + '1' }],
    [
      // Distances −1, −4, +1, shifted by −1: one becomes 0, which is the picture itself and counts no more.
      'a set behind one of which a picture fell away',
      { sets: golomb(3) + LISTED + '1' + '1' + golomb(0) + '1111' + '1' + '0' + golomb(1) + '1111' },
    ],
    ['scaling lists of its own', { scaling: '1' + '1' + ('0' + golomb(0)).repeat(20), sets: golomb(0) }],
    ['usual scaling lists', { scaling: '10', sets: golomb(0) }],
  ])('is found behind %s', (_, inside) => {
    const { pixelAspect, placeBits } = readSequence(sequence(inside));
    expect([pixelAspect, placeBits]).toEqual([2, 8]);
  });
});
