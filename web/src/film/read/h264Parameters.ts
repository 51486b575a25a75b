/** What an H.264 film says of itself in its sequence parameter set (ITU-T H.264, 7.3.2.1.1). */

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

/** A byte 3 after two zeros keeps them from looking like a start code, and means nothing. */
function withoutEmulation(unit: Uint8Array): Uint8Array {
  return unit.filter((byte, at) => !(byte === 3 && at >= 2 && unit[at - 1] === 0 && unit[at - 2] === 0));
}

class Bits {
  #at = 0;

  constructor(private readonly bytes: Uint8Array) {}

  skip(count: number): void {
    this.#at += count;
  }

  read(count: number): number {
    let value = 0;
    for (let n = 0; n < count; n++, this.#at++) value = value * 2 + (((this.bytes[this.#at >> 3] ?? 0) >> (7 - (this.#at & 7))) & 1);
    return value;
  }

  golomb(): number {
    let zeros = 0;
    while (zeros < 31 && this.#at < this.bytes.length * 8 && this.read(1) === 0) zeros += 1;
    return 2 ** zeros - 1 + this.read(zeros);
  }

  skipScaling(size: number): void {
    let last = 8;
    let next = 8;
    for (let n = 0; n < size; n++) {
      if (next !== 0) {
        const coded = this.golomb();
        next = (last + (coded & 1 ? (coded + 1) / 2 : -coded / 2) + 256) % 256;
      }
      last = next === 0 ? last : next;
    }
  }
}
