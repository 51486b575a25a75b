/** What H.264 and HEVC pictures are made of, as far as one must know it to begin decoding there. */

const H264_SLICE = 1;
const H264_REFRESH = 5;
/** Slice types 2 and 7 lean on no other picture. */
const INTRA = 2;
/** 1 and 6 lean on pictures before and behind, as those do that are stored in another order than they are shown. */
const BOTH_WAYS = 1;
const SLICE_KINDS = 5;
/** HEVC's: pictures shown before these and stored after them may lean on ones before (CRA, BLA), or may not (IDR). */
const HEVC_OPEN = [16, 17, 18, 21];
const HEVC_CLOSED = [19, 20];
const HEVC_LAST_SLICE = 31;

/** How the NAL units of a codec are stored: `lengthBytes` is the size of their length fields, null for start codes. */
export interface NalUnits {
  readonly codec: 'avc' | 'hevc';
  readonly lengthBytes: number | null;
}

/**
 * Whether decoding can begin with the picture in `data`, and then with everything stored after it (`closed`), or with
 * what is shown after it (`open`, as open groups begin); null where it leans on other pictures.
 *
 * Containers also mark the places where a film that refreshes bit by bit has begun to do so; decoders show nothing
 * there for a while.
 */
export function entryKind(data: Uint8Array, { codec, lengthBytes }: NalUnits): 'closed' | 'open' | null {
  for (const unit of unitsIn(data, lengthBytes)) {
    if (codec === 'hevc') {
      const kind = ((unit[0] ?? 0) >> 1) & 0x3f;
      if (HEVC_CLOSED.includes(kind)) return 'closed';
      if (kind <= HEVC_LAST_SLICE) return HEVC_OPEN.includes(kind) ? 'open' : null;
      continue;
    }
    const kind = (unit[0] ?? 0) & 0x1f;
    if (kind === H264_REFRESH) return 'closed';
    if (kind === H264_SLICE) return sliceType(unit.subarray(1, 16)) % SLICE_KINDS === INTRA ? 'open' : null;
  }
  return null;
}

/** Whether a picture of H.264 leans on others before and behind it. */
export function leansBothWays(data: Uint8Array, lengthBytes: number | null): boolean {
  for (const unit of unitsIn(data, lengthBytes)) {
    if ((unit[0]! & 0x1f) === H264_SLICE) return sliceType(unit.subarray(1, 16)) % SLICE_KINDS === BOTH_WAYS;
  }
  return false;
}

/** The NAL units of a picture; those parted by start codes go on to its end. */
export function unitsIn(data: Uint8Array, lengthBytes: number | null): Generator<Uint8Array> {
  return lengthBytes === null ? unitsByStartCode(data) : unitsByLength(data, lengthBytes);
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
