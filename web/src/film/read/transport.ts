/** What only a transport stream itself tells: whether its clock goes through, and which of its tracks carry sound. */

import type { ReadBytes } from './bytes';
import { TransportSounds } from './transportSounds';

const SYNC = 0x47;
const PACKET_BYTES = 188;
/** Camcorders put four bytes of a clock of their own before each packet. */
const STAMPED_BYTES = 192;
/** Broadcasts put sixteen bytes behind each, by which it could be repaired. */
const REPAIRED_BYTES = 204;
const LOOKS = 128;
const LOOK_BYTES = 1 << 16;
const MOST_LOOK_BYTES = 1 << 20;
const TICKS_PER_SECOND = 90_000;
/** Pictures are stored in another order than shown, but never by more than this. */
const REORDERED_S = 2;
/** A recorder that paused leaves a gap, which every player keeps; a leap this long is another clock. */
const LEAP_S = 10;
const LEAP_OF_USUAL = 8;
/** Where pictures are stored in another order, one in four at least is shown before the one stored before it. */
const RARELY = 16;

export interface TransportLook {
  /** Joined by bytes, or wrapped. */
  readonly clockStartsAnew: boolean;
  /** The ids of the tracks that carry sound, whether a reader knows their kind or not. */
  readonly soundIds: readonly number[];
}

/** Looks at a hundred or so places spread over the file, a few MB in all. Null where it is no transport stream. */
export async function lookAtTransport(read: ReadBytes, bytes: number): Promise<TransportLook | null> {
  const head = await read(0, 3 * REPAIRED_BYTES);
  const stride = [PACKET_BYTES, STAMPED_BYTES, REPAIRED_BYTES].find((size) =>
    [0, 1, 2].every((packet) => head[beginOf(size) + packet * size] === SYNC),
  );
  if (!stride) return null;
  const sounds = new TransportSounds();
  const clockStartsAnew = await startsAnew(read, bytes, stride, sounds);
  return { clockStartsAnew, soundIds: sounds.ids };
}

function beginOf(stride: number): number {
  return stride === STAMPED_BYTES ? STAMPED_BYTES - PACKET_BYTES : 0;
}

async function startsAnew(read: ReadBytes, bytes: number, stride: number, sounds: TransportSounds): Promise<boolean> {
  const looks = Math.min(LOOKS, Math.max(1, Math.ceil(bytes / LOOK_BYTES)));
  const steps: number[] = [];
  const decoding = new DecodingOrder();
  let latest: number | null = null;
  for (let look = 0; look < looks; look++) {
    const from = Math.floor((look * bytes) / looks / stride) * stride;
    const to = Math.floor(((look + 1) * bytes) / looks / stride) * stride;
    const pictures = await picturesFrom(read, from, to, stride, sounds);
    if (decoding.goesBack(pictures)) return true;
    const times = pictures.map(({ shown }) => shown);
    const [first] = times;
    if (latest !== null && first !== undefined) steps.push(first - latest);
    for (const [index, time] of times.entries()) {
      const step = time - (latest ?? time);
      if (step < -REORDERED_S * TICKS_PER_SECOND || (index > 0 && step > LEAP_S * TICKS_PER_SECOND)) return true;
      latest = Math.max(latest ?? time, time);
    }
  }
  if (decoding.wentBack()) return true;
  const usual = [...steps].sort((a, b) => a - b)[steps.length >> 1] ?? 0;
  return steps.some((step) => step > Math.max(LEAP_S * TICKS_PER_SECOND, LEAP_OF_USUAL * usual));
}

/** In ticks; a picture that states no time of decoding is decoded when it is shown. */
interface PictureTimes {
  readonly pid: number;
  readonly shown: number;
  readonly decoded: number | null;
}

/** Streams joined by bytes whose clocks overlap by a picture or some: one is decoded before the one stored before it. */
class DecodingOrder {
  readonly #latest = new Map<number, number>();
  /** Muxers that never state when a picture is decoded leave out what this leans on. */
  readonly #stating = new Set<number>();
  /** Of the others, how many pictures were looked at and how many are shown before the one stored before them. */
  readonly #seen = new Map<number, { pictures: number; back: number }>();

  goesBack(pictures: readonly PictureTimes[]): boolean {
    for (const { pid, decoded } of pictures) if (decoded !== null) this.#stating.add(pid);
    return pictures.some(({ pid, shown, decoded }) => {
      const at = decoded ?? shown;
      const before = this.#latest.get(pid);
      this.#latest.set(pid, at);
      const isBack = before !== undefined && at < before;
      if (this.#stating.has(pid)) return isBack;
      const { pictures, back } = this.#seen.get(pid) ?? { pictures: 0, back: 0 };
      this.#seen.set(pid, { pictures: pictures + 1, back: back + Number(isBack) });
      return false;
    });
  }

  /** Whether a stream whose pictures are stored as they are shown goes back all the same, here or there. */
  wentBack(): boolean {
    return [...this.#seen].some(([pid, { pictures, back }]) => !this.#stating.has(pid) && back > 0 && back * RARELY < pictures);
  }
}

/** The pictures that begin behind `from`, of a longer stretch where none does, before `to`. */
async function picturesFrom(
  read: ReadBytes,
  from: number,
  to: number,
  stride: number,
  sounds: TransportSounds,
): Promise<PictureTimes[]> {
  for (let length = LOOK_BYTES; ; length *= 4) {
    const bytes = await read(from, Math.min(length, to - from));
    const times: PictureTimes[] = [];
    for (let at = beginOf(stride); at + PACKET_BYTES <= bytes.length; at += stride) {
      const packet = bytes.subarray(at, at + PACKET_BYTES);
      sounds.add(packet);
      const time = pictureTimes(packet);
      if (time !== null) times.push(time);
    }
    if (times.length || length >= Math.min(MOST_LOOK_BYTES, to - from)) return times;
  }
}

/** The times of the picture that begins in a packet; null where none does (ISO/IEC 13818-1, 2.4.3). */
function pictureTimes(packet: Uint8Array): PictureTimes | null {
  const begins = packet[0] === SYNC && (packet[1]! & 0x40) !== 0;
  const hasPayload = (packet[3]! & 0x10) !== 0;
  if (!begins || !hasPayload) return null;
  const at = (packet[3]! & 0x20) !== 0 ? 5 + packet[4]! : 4;
  if (at + 14 > packet.length || packet[at] !== 0 || packet[at + 1] !== 0 || packet[at + 2] !== 1) return null;
  const isVideo = (packet[at + 3]! & 0xf0) === 0xe0 || packet[at + 3] === 0xfd;
  if (!isVideo || (packet[at + 7]! & 0x80) === 0) return null;
  const pid = ((packet[1]! & 0x1f) << 8) | packet[2]!;
  const statesDecoding = (packet[at + 7]! & 0x40) !== 0 && at + 19 <= packet.length;
  return { pid, shown: ticksAt(packet, at + 9), decoded: statesDecoding ? ticksAt(packet, at + 14) : null };
}

function ticksAt(packet: Uint8Array, at: number): number {
  const [a, b, c, d, e] = packet.subarray(at, at + 5) as unknown as [number, number, number, number, number];
  return (a & 0x0e) * 2 ** 29 + b * 2 ** 22 + (c & 0xfe) * 2 ** 14 + d * 2 ** 7 + (e >> 1);
}
