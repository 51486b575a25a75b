/** What an H.264 film says of itself in its sequence parameter set (ITU-T H.264, 7.3.2.1.1). */

import { Bits, withoutEmulation } from './bits';

const PARAMETER_SET = 7;
const WITH_CHROMA = [100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135];
const FULL_CHROMA = 3;
const OFFSETS_STATED = 1;

/** Whether pictures may be stored as two half pictures woven together; `unit` is a parameter set with its header. */
export function mayBeInterlaced(unit: Uint8Array): boolean {
  if ((unit[0]! & 0x1f) !== PARAMETER_SET) return false;
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
  return bits.read(1) === 0;
}
