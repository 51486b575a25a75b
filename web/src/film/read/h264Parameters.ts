/** What an H.264 film says of itself in its sequence parameter set (ITU-T H.264, 7.3.2.1.1). */

import { Bits, withoutEmulation } from './bits';

const PARAMETER_SET = 7;
const WITH_CHROMA = [100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135];
const FULL_CHROMA = 3;
const OFFSETS_STATED = 1;

/** Shapes of pixels by their number, from 1 on, alike in H.264 and HEVC (table E-1 of each). */
const SHAPES = [[1, 1], [12, 11], [10, 11], [16, 11], [40, 33], [24, 11], [20, 11], [32, 11], [80, 33], [18, 11], [15, 11], [64, 33], [160, 99], [4, 3], [3, 2], [2, 1]] as const;
const SHAPE_STATED = 255;

/** Whether pictures may be stored as two half pictures woven together; `unit` is a parameter set with its header. */
export function mayBeInterlaced(unit: Uint8Array): boolean {
  return parametersOf(unit)?.wholeFrames === false;
}

/** How much wider than high the pixels are; 1 where the set does not say. */
export function pixelAspectOfSet(unit: Uint8Array): number {
  return parametersOf(unit)?.pixelAspect ?? 1;
}

function parametersOf(unit: Uint8Array): { wholeFrames: boolean; pixelAspect: number } | null {
  if ((unit[0]! & 0x1f) !== PARAMETER_SET) return null;
  const bits = new Bits(withoutEmulation(unit));
  bits.skip(8);
  const profile = bits.read(8);
  bits.skip(16);
  bits.golomb();
  if (WITH_CHROMA.includes(profile)) {
    const chroma = bits.golomb();
    if (chroma === FULL_CHROMA) bits.skip(1);
    bits.golomb();
    bits.golomb();
    bits.skip(1);
    if (bits.read(1)) for (let list = 0; list < (chroma === FULL_CHROMA ? 12 : 8); list++) if (bits.read(1)) bits.skipScaling(list < 6 ? 16 : 64);
  }
  bits.golomb();
  const order = bits.golomb();
  if (order === 0) bits.golomb();
  else if (order === OFFSETS_STATED) {
    bits.skip(1);
    bits.golomb();
    bits.golomb();
    for (let count = bits.golomb(); count > 0; count--) bits.golomb();
  }
  bits.golomb();
  bits.skip(1);
  bits.golomb();
  bits.golomb();
  // frame_mbs_only_flag
  const wholeFrames = bits.read(1) === 1;
  bits.skip(wholeFrames ? 1 : 2);
  if (bits.read(1)) for (let side = 0; side < 4; side++) bits.golomb();
  const isStated = bits.read(1) === 1 && bits.read(1) === 1;
  return { wholeFrames, pixelAspect: isStated ? shapeIn(bits) : 1 };
}

/** How much wider than high the pixels are, where a parameter set goes on with its `aspect_ratio_idc`. */
export function shapeIn(bits: Bits): number {
  const number = bits.read(8);
  const [width, height] = number === SHAPE_STATED ? [bits.read(16), bits.read(16)] : (SHAPES[number - 1] ?? [1, 1]);
  return width && height ? width / height : 1;
}
