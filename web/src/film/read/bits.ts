/** The bits of a parameter set or slice header, as H.264 and HEVC store numbers. */

/** A byte 3 after two zeros keeps them from looking like a start code, and means nothing. */
export function withoutEmulation(unit: Uint8Array): Uint8Array {
  return unit.filter((byte, at) => !(byte === 3 && at >= 2 && unit[at - 1] === 0 && unit[at - 2] === 0));
}

export class Bits {
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
