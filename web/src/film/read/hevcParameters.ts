/** What an HEVC film says of itself in its sequence parameter set (ITU-T H.265, 7.3.2.2 and E.2.1). */

import type { Bits } from './bits';
import { shapeIn } from './h264Parameters';

const GENERAL_PROFILE_BITS = 96;
const [SUB_PROFILE_BITS, SUB_LEVEL_BITS] = [88, 8];
const MOST_SUB_LAYERS = 8;
const FULL_CHROMA = 3;
const BLOCK_SIZES = 6;
const [SCALING_SIZES, SCALING_MATRICES] = [4, 6];
/** More reference sets, or pictures in one, are not allowed: a damaged set must not count for ever. */
const [MOST_SETS, MOST_LONG_TERM, MOST_PICTURES] = [64, 32, 16];

export interface HevcSequence {
  readonly id: number;
  /** How many bits a slice takes to say when it is shown. */
  readonly placeBits: number;
  readonly separateColours: boolean;
  /** How much wider than high the pixels are; 1 where the set does not say. */
  readonly pixelAspect: number;
}

/** `bits`: a sequence parameter set behind its header. */
export function readSequence(bits: Bits): HevcSequence {
  bits.skip(4);
  const subLayers = bits.read(3);
  bits.skip(1 + GENERAL_PROFILE_BITS);
  const stated = Array.from({ length: subLayers }, () => [bits.read(1), bits.read(1)] as const);
  if (subLayers) bits.skip(2 * (MOST_SUB_LAYERS - subLayers));
  for (const [profile, level] of stated) bits.skip(profile * SUB_PROFILE_BITS + level * SUB_LEVEL_BITS);
  const id = bits.golomb();
  const separateColours = bits.golomb() === FULL_CHROMA && bits.read(1) === 1;
  skipNumbers(bits, 2);
  if (bits.read(1)) skipNumbers(bits, 4);
  skipNumbers(bits, 2);
  const placeBits = bits.golomb() + 4;
  const layersTold = bits.read(1) ? subLayers + 1 : 1;
  skipNumbers(bits, 3 * layersTold + BLOCK_SIZES);
  if (bits.read(1) && bits.read(1)) skipScalingLists(bits);
  bits.skip(2);
  if (bits.read(1)) {
    bits.skip(8);
    skipNumbers(bits, 2);
    bits.skip(1);
  }
  skipReferenceSets(bits);
  if (bits.read(1)) bits.skip(Math.min(MOST_LONG_TERM, bits.golomb()) * (placeBits + 1));
  bits.skip(2);
  return { id, placeBits, separateColours, pixelAspect: bits.read(1) && bits.read(1) ? shapeIn(bits) : 1 };
}

function skipNumbers(bits: Bits, count: number): void {
  for (let n = 0; n < count; n++) bits.golomb();
}

/** 7.3.4 */
function skipScalingLists(bits: Bits): void {
  for (let size = 0; size < SCALING_SIZES; size++) {
    for (let matrix = 0; matrix < SCALING_MATRICES; matrix += size === 3 ? 3 : 1) {
      if (!bits.read(1)) bits.golomb();
      else skipNumbers(bits, Math.min(64, 1 << (4 + (size << 1))) + Number(size > 1));
    }
  }
}

/** 7.3.7 and 7.4.8: a set lists how far its pictures lie from the one that leans on them, or how it differs from the set before. */
function skipReferenceSets(bits: Bits): void {
  let distances: readonly number[] = [];
  for (let set = 0, sets = Math.min(MOST_SETS, bits.golomb()); set < sets; set++) {
    distances = set > 0 && bits.read(1) ? shiftedSet(bits, distances) : listedSet(bits);
  }
}

function listedSet(bits: Bits): number[] {
  const counts = [Math.min(MOST_PICTURES, bits.golomb()), Math.min(MOST_PICTURES, bits.golomb())] as const;
  return [-1, 1].flatMap((side, n) => {
    let distance = 0;
    return Array.from({ length: counts[n]! }, () => {
      distance += side * (bits.golomb() + 1);
      bits.skip(1);
      return distance;
    });
  });
}

function shiftedSet(bits: Bits, before: readonly number[]): number[] {
  const side = bits.read(1) ? -1 : 1;
  const by = side * (bits.golomb() + 1);
  const kept = [...before, 0].filter(() => bits.read(1) === 1 || bits.read(1) === 1).map((distance) => distance + by);
  const near = (a: number, b: number): number => Math.abs(a) - Math.abs(b);
  return [...kept.filter((distance) => distance < 0).sort(near), ...kept.filter((distance) => distance > 0).sort(near)];
}
