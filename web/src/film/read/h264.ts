/** What an H.264 picture is made of, as far as one must know it to begin decoding there. */

const SLICE = 1;
const INSTANTANEOUS_REFRESH = 5;
/** Slice types 2 and 7 lean on no other picture. */
const INTRA = 2;
const SLICE_KINDS = 5;

/**
 * Whether the picture in `data` leans on no other one: a refresh, or a picture of intra slices as open GOPs begin with.
 *
 * Containers also mark the places where a film that refreshes bit by bit has begun to do so; decoders show nothing
 * there for a while. `lengthBytes` is the size of the NAL units' length fields, null where start codes part them.
 */
export function isIntraPicture(data: Uint8Array, lengthBytes: number | null): boolean {
  for (const unit of lengthBytes === null ? unitsByStartCode(data) : unitsByLength(data, lengthBytes)) {
    const kind = (unit[0] ?? 0) & 0x1f;
    if (kind === INSTANTANEOUS_REFRESH) return true;
    if (kind === SLICE) return sliceType(unit.subarray(1, 16)) % SLICE_KINDS === INTRA;
  }
  return false;
}

function* unitsByLength(data: Uint8Array, lengthBytes: number): Generator<Uint8Array> {
  for (let at = 0; at + lengthBytes < data.length; ) {
    let length = 0;
    for (let n = 0; n < lengthBytes; n++) length = length * 256 + data[at + n]!;
    at += lengthBytes;
    yield data.subarray(at, at + length);
    at += length;
  }
}

function* unitsByStartCode(data: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at + 3 < data.length; at++) {
    if (data[at] === 0 && data[at + 1] === 0 && data[at + 2] === 1) yield data.subarray(at + 3);
  }
}

/** The second exp-Golomb number of a slice header, after the number of its first macroblock. */
function sliceType(header: Uint8Array): number {
  let bit = 0;
  const next = (): number => {
    const value = ((header[bit >> 3] ?? 0) >> (7 - (bit & 7))) & 1;
    bit += 1;
    return value;
  };
  const number = (): number => {
    let zeros = 0;
    while (zeros < 31 && bit < header.length * 8 && next() === 0) zeros += 1;
    let value = 1;
    for (let n = 0; n < zeros; n++) value = value * 2 + next();
    return value - 1;
  };
  number();
  return number();
}
