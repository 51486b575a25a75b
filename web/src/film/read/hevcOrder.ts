/** In which order pictures of HEVC are shown, by their own word: where a container has no table of it (ITU-T H.265, 7.3). */

import { Bits, withoutEmulation } from './bits';
import { readSequence, type HevcSequence } from './hevcParameters';
import { unitsIn } from './nalUnits';
import { setsOf } from './parameterSets';

const LAST_SLICE = 31;
const [FIRST_INTRA, LAST_INTRA] = [16, 23];
/** Those that begin counting anew, and state no place of their own. */
const REFRESHES = [19, 20];
const [SEQUENCE_SET, PICTURE_SET] = [33, 34];
/** More bytes of a slice's header are not needed. */
const HEADER_BYTES = 24;

interface PictureSet {
  readonly sequenceId: number;
  readonly statesOutput: boolean;
  readonly extraBits: number;
}

/** Reads pictures in the order stored, and says whether one of them is shown before an earlier one. */
export class HevcOrder {
  readonly #sequences = new Map<number, HevcSequence>();
  readonly #pictures = new Map<number, PictureSet>();
  #latest = -1;

  /** `record`: the decoder's configuration (`hvcC`), where there is one. */
  constructor(record: Uint8Array | null) {
    for (const unit of record ? setsOf('hevc', record) : []) this.#learn(unit);
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

  /** How far the picture in `units` counts itself, as a share of what is counted to before it begins anew; 0 of a refresh. */
  shareOf(units: Iterable<Uint8Array>): number {
    for (const unit of units) {
      const kind = kindOf(unit);
      if (kind > LAST_SLICE) this.#learn(unit);
      else {
        const read = this.#read(kind, unit);
        return read ? read.place / read.wraps : 0;
      }
    }
    return 0;
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
    const sequence = readSequence(bits);
    this.#sequences.set(sequence.id, sequence);
  }

  #place(kind: number, unit: Uint8Array): boolean {
    if (REFRESHES.includes(kind)) this.#latest = 0;
    const read = this.#read(kind, unit);
    if (!read) return false;
    const { place, wraps } = read;
    // Counted modulo a power of two: what lies less than half of it behind is earlier.
    const ahead = this.#latest < 0 ? 0 : (place - this.#latest + wraps) % wraps;
    if (ahead > wraps / 2) return true;
    this.#latest = place;
    return false;
  }

  #read(kind: number, unit: Uint8Array): { place: number; wraps: number } | null {
    const bits = new Bits(withoutEmulation(unit.subarray(0, HEADER_BYTES)));
    bits.skip(16);
    const isFirst = bits.read(1) === 1;
    if (kind >= FIRST_INTRA && kind <= LAST_INTRA) bits.skip(1);
    const picture = this.#pictures.get(bits.golomb());
    const sequence = picture && this.#sequences.get(picture.sequenceId);
    if (!isFirst || !sequence || REFRESHES.includes(kind)) return null;
    bits.skip(picture.extraBits);
    bits.golomb();
    bits.skip(Number(picture.statesOutput) + 2 * Number(sequence.separateColours));
    return { place: bits.read(sequence.placeBits), wraps: 2 ** sequence.placeBits };
  }
}

function kindOf(unit: Uint8Array): number {
  return ((unit[0] ?? 0) >> 1) & 0x3f;
}
