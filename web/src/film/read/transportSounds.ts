/** Which tracks of a transport stream carry sound, from its own tables: readers list only those of kinds they know. */

const SYNC = 0x47;
const HEADER_BYTES = 4;
const PROGRAM_MAP = 0x02;
const CHECKSUM_BYTES = 4;
/** Types of streams (ISO/IEC 13818-1, table 2-34, and Blu-ray's): pictures, data, graphics and text. */
const PICTURES = [0x01, 0x02, 0x10, 0x1b, 0x1e, 0x1f, 0x20, 0x21, 0x24, 0x25, 0x33, 0x42, 0xd1, 0xd2, 0xea];
const DATA = [0x05, 0x08, 0x0a, 0x0b, 0x0c, 0x0d, 0x14, 0x15, 0x86, 0x90, 0x91, 0x92];
/** Descriptors of metadata, subtitles and teletext (ETSI EN 300 468, table 12). */
const DATA_DESCRIPTORS = [0x26, 0x45, 0x46, 0x56, 0x59];
const REGISTRATION = 0x05;
const DATA_NAMES = ['KLVA', 'ID3 ', 'CUEI'];
/** PES packets of MPEG's own sounds, and of all others (ISO/IEC 13818-1, table 2-22). */
const FIRST_SOUND = 0xc0;
const LAST_SOUND = 0xdf;
const OTHERS = [0xbd, 0xfd];

/** Collects, from any packets of a stream, what its tables list and which of it is stored. */
export class TransportSounds {
  /** Whether a track is listed as what may be sound, by its id. */
  readonly #listed = new Map<number, boolean>();
  /** The kind of its packets, by the id of a track. */
  readonly #stored = new Map<number, number>();
  /** Tables of which more is to come. */
  readonly #begun = new Map<number, Uint8Array>();

  /** The ids of the tracks that carry sound, as far as packets were looked at. */
  get ids(): number[] {
    return [...this.#stored].filter(([id, kind]) => this.#isSound(id, kind)).map(([id]) => id);
  }

  #isSound(id: number, kind: number): boolean {
    const isListed = this.#listed.has(id);
    return (isListed && kind >= FIRST_SOUND && kind <= LAST_SOUND) || (this.#listed.get(id) === true && OTHERS.includes(kind));
  }

  /** One packet of 188 bytes. */
  add(packet: Uint8Array): void {
    if (packet[0] !== SYNC || (packet[3]! & 0x10) === 0) return;
    const id = ((packet[1]! & 0x1f) << 8) | packet[2]!;
    const payload = packet.subarray((packet[3]! & 0x20) !== 0 ? HEADER_BYTES + 1 + packet[HEADER_BYTES]! : HEADER_BYTES);
    if ((packet[1]! & 0x40) === 0) {
      const begun = this.#begun.get(id);
      if (begun) this.#addTable(id, joined(begun, payload));
    } else if (payload[0] === 0 && payload[1] === 0 && payload[2] === 1) {
      this.#stored.set(id, payload[3]!);
    } else {
      this.#addTable(id, payload.subarray(1 + (payload[0] ?? 0)));
    }
  }

  /** A program map, of which more may have to come (ISO/IEC 13818-1, 2.4.4.9). */
  #addTable(id: number, table: Uint8Array): void {
    this.#begun.delete(id);
    if (table[0] !== PROGRAM_MAP || table.length < 12) return;
    const end = 3 + lengthAt(table, 1);
    if (table.length < end) {
      this.#begun.set(id, table);
      return;
    }
    let at = 12 + lengthAt(table, 10);
    while (at + 5 <= end - CHECKSUM_BYTES) {
      const descriptors = table.subarray(at + 5, at + 5 + lengthAt(table, at + 3));
      this.#listed.set(((table[at + 1]! & 0x1f) << 8) | table[at + 2]!, mayBeSound(table[at]!, descriptors));
      at += 5 + descriptors.length;
    }
  }
}

function mayBeSound(type: number, descriptors: Uint8Array): boolean {
  if (PICTURES.includes(type) || DATA.includes(type)) return false;
  for (let at = 0; at + 2 <= descriptors.length; at += 2 + descriptors[at + 1]!) {
    const name = String.fromCharCode(...descriptors.subarray(at + 2, at + 6));
    if (DATA_DESCRIPTORS.includes(descriptors[at]!) || (descriptors[at] === REGISTRATION && DATA_NAMES.includes(name))) return false;
  }
  return true;
}

function lengthAt(table: Uint8Array, at: number): number {
  return ((table[at]! & 0x0f) << 8) | table[at + 1]!;
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
