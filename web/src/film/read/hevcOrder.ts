/** In which order pictures of HEVC are shown, by their own word: where a container has no table of it (ITU-T H.265, 7.3). */

import { Bits, withoutEmulation } from './bits';
import { unitsIn } from './nalUnits';

const LAST_SLICE = 31;
const [FIRST_INTRA, LAST_INTRA] = [16, 23];
/** Those that begin counting anew, and state no place of their own. */
const REFRESHES = [19, 20];
const [SEQUENCE_SET, PICTURE_SET] = [33, 34];
const GENERAL_PROFILE_BITS = 96;
const [SUB_PROFILE_BITS, SUB_LEVEL_BITS] = [88, 8];
const MOST_SUB_LAYERS = 8;
const FULL_CHROMA = 3;
const ARRAYS_AT = 22;
/** More bytes of a slice's header are not needed. */
const HEADER_BYTES = 24;

interface SequenceSet {
  readonly placeBits: number;
  readonly separateColours: boolean;
}

interface PictureSet {
  readonly sequenceId: number;
  readonly statesOutput: boolean;
  readonly extraBits: number;
}

/** Reads pictures in the order stored, and says whether one of them is shown before an earlier one. */
export class HevcOrder {
  readonly #sequences = new Map<number, SequenceSet>();
  readonly #pictures = new Map<number, PictureSet>();
  #latest = -1;

  /** `record`: the decoder's configuration (`hvcC`), where there is one. */
  constructor(record: Uint8Array | null) {
    if (!record) return;
    let at = ARRAYS_AT;
    for (let arrays = record[at++] ?? 0; arrays > 0; arrays--) {
      at += 1;
      for (let units = record[at]! * 256 + record[at + 1]!, next = (at += 2); units > 0; units--, at = next) {
        const bytes = record[at]! * 256 + record[at + 1]!;
        next = at + 2 + bytes;
        this.#learn(record.subarray(at + 2, next));
      }
    }
  }

  /** Whether the picture in `data` is shown before one that was given earlier. */
  isShownEarlier(data: Uint8Array, lengthBytes: number | null): boolean {
    for (const unit of unitsIn(data, lengthBytes)) {
      const kind = kindOf(unit);
      if (kind > LAST_SLICE) this.#learn(unit);
      else return this.#place(kind, unit);
    }
    return false;
  }

  #learn(unit: Uint8Array): void {
    const kind = kindOf(unit);
    if (kind !== SEQUENCE_SET && kind !== PICTURE_SET) return;
    const bits = new Bits(withoutEmulation(unit));
    bits.skip(16);
    if (kind === PICTURE_SET) {
      const [id, sequenceId] = [bits.golomb(), bits.golomb()];
      bits.skip(1);
      this.#pictures.set(id, { sequenceId, statesOutput: bits.read(1) === 1, extraBits: bits.read(3) });
      return;
    }
    bits.skip(4);
    const subLayers = bits.read(3);
    bits.skip(1 + GENERAL_PROFILE_BITS);
    const stated = Array.from({ length: subLayers }, () => [bits.read(1), bits.read(1)] as const);
    if (subLayers) bits.skip(2 * (MOST_SUB_LAYERS - subLayers));
    for (const [profile, level] of stated) bits.skip(profile * SUB_PROFILE_BITS + level * SUB_LEVEL_BITS);
    const id = bits.golomb();
    const separateColours = bits.golomb() === FULL_CHROMA && bits.read(1) === 1;
    bits.golomb();
    bits.golomb();
    if (bits.read(1)) for (let side = 0; side < 4; side++) bits.golomb();
    bits.golomb();
    bits.golomb();
    this.#sequences.set(id, { placeBits: bits.golomb() + 4, separateColours });
  }

  #place(kind: number, unit: Uint8Array): boolean {
    if (REFRESHES.includes(kind)) this.#latest = 0;
    const bits = new Bits(withoutEmulation(unit.subarray(0, HEADER_BYTES)));
    bits.skip(16);
    const isFirst = bits.read(1) === 1;
    if (kind >= FIRST_INTRA && kind <= LAST_INTRA) bits.skip(1);
    const picture = this.#pictures.get(bits.golomb());
    const sequence = picture && this.#sequences.get(picture.sequenceId);
    if (!isFirst || !sequence || REFRESHES.includes(kind)) return false;
    bits.skip(picture.extraBits);
    bits.golomb();
    bits.skip(Number(picture.statesOutput) + 2 * Number(sequence.separateColours));
    const place = bits.read(sequence.placeBits);
    // Counted modulo a power of two: what lies less than half of it behind is earlier.
    const wraps = 2 ** sequence.placeBits;
    const ahead = this.#latest < 0 ? 0 : (place - this.#latest + wraps) % wraps;
    if (ahead > wraps / 2) return true;
    this.#latest = place;
    return false;
  }
}

function kindOf(unit: Uint8Array): number {
  return ((unit[0] ?? 0) >> 1) & 0x3f;
}
