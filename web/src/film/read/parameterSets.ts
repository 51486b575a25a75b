/** The parameter sets of H.264 and HEVC, beside the pictures (`avcC`, `hvcC`) or among them (`avc3`, `hev1`). */

import { Bits, withoutEmulation } from './bits';
import { pixelAspectOfSet } from './h264Parameters';
import { readSequence } from './hevcParameters';
import { unitsIn, type NalUnits } from './nalUnits';

/** Where a configuration says, in its last two bits, of how many bytes a unit's length is, less one. */
export const LENGTH_AT = { avc: 4, hevc: 21 } as const;
const H264_SETS_AT = 5;
const H264_SETS_MASK = 0x1f;
const H264_SEQUENCE_SET = 7;
const HEVC_ARRAYS_AT = 22;
const HEVC_SEQUENCE_SET = 33;
const HEVC_HEAD_BITS = 16;

/** The sets of a decoder's configuration (ISO/IEC 14496-15): of H.264 the sequences' only, of HEVC all. */
export function* setsOf(codec: NalUnits['codec'], record: Uint8Array): Generator<Uint8Array> {
  let at = codec === 'avc' ? H264_SETS_AT : HEVC_ARRAYS_AT + 1;
  const number = (bytes: number): number => {
    let value = 0;
    for (let n = 0; n < bytes; n++) value = value * 256 + (record[at++] ?? 0);
    return value;
  };
  for (let arrays = codec === 'avc' ? 1 : (record[HEVC_ARRAYS_AT] ?? 0); arrays > 0; arrays--) {
    if (codec === 'hevc') at += 1;
    for (let units = codec === 'avc' ? number(1) & H264_SETS_MASK : number(2); units > 0 && at < record.length; units--) {
      const bytes = number(2);
      yield record.subarray(at, at + bytes);
      at += bytes;
    }
  }
}

/**
 * How much wider than high the pixels are by the word of the pictures themselves: of the first one's own set where it has
 * one, as decoders heed that, else of the set beside them; 1 where none says it.
 */
export function pixelAspectOfPictures({ codec, lengthBytes }: NalUnits, record: Uint8Array | null, first: Uint8Array | null): number {
  const among = first ? [...unitsIn(first, lengthBytes)] : [];
  const set = [...among, ...(record ? setsOf(codec, record) : [])].find((unit) => isSequenceSet(codec, unit));
  if (!set) return 1;
  if (codec === 'avc') return pixelAspectOfSet(set);
  const bits = new Bits(withoutEmulation(set));
  bits.skip(HEVC_HEAD_BITS);
  return readSequence(bits).pixelAspect;
}

function isSequenceSet(codec: NalUnits['codec'], unit: Uint8Array): boolean {
  const head = unit[0] ?? 0;
  return codec === 'avc' ? (head & 0x1f) === H264_SEQUENCE_SET : ((head >> 1) & 0x3f) === HEVC_SEQUENCE_SET;
}
