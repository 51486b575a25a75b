/** Whether the clock of a transport stream goes through: joined by bytes, or wrapped, it starts anew inside the film. */

import type { ReadBytes } from './bytes';

const SYNC = 0x47;
const PACKET_BYTES = 188;
/** Camcorders put four bytes of a clock of their own before each packet. */
const STAMPED_BYTES = 192;
const LOOKS = 128;
const LOOK_BYTES = 1 << 16;
const MOST_LOOK_BYTES = 1 << 20;
const TICKS_PER_SECOND = 90_000;
/** Pictures are stored in another order than shown, but never by more than this. */
const REORDERED_S = 2;
/** A recorder that paused leaves a gap, which every player keeps; a leap this long is another clock. */
const LEAP_S = 10;
const LEAP_OF_USUAL = 8;

/**
 * Looks at the times in a hundred or so places spread over the file, a few MB in all.
 * False also where the file is no transport stream.
 */
export async function clockStartsAnew(read: ReadBytes, bytes: number): Promise<boolean> {
  const head = await read(0, 3 * STAMPED_BYTES);
  const stride = [PACKET_BYTES, STAMPED_BYTES].find((size) => {
    const at = size - PACKET_BYTES;
    return head[at] === SYNC && head[at + size] === SYNC && head[at + 2 * size] === SYNC;
  });
  if (!stride) return false;
  const looks = Math.min(LOOKS, Math.max(1, Math.ceil(bytes / LOOK_BYTES)));
  const steps: number[] = [];
  let latest: number | null = null;
  for (let look = 0; look < looks; look++) {
    const from = Math.floor((look * bytes) / looks / stride) * stride;
    const to = Math.floor(((look + 1) * bytes) / looks / stride) * stride;
    const times = await timesFrom(read, from, to, stride);
    const [first] = times;
    if (latest !== null && first !== undefined) steps.push(first - latest);
    for (const [index, time] of times.entries()) {
      const step = time - (latest ?? time);
      if (step < -REORDERED_S * TICKS_PER_SECOND || (index > 0 && step > LEAP_S * TICKS_PER_SECOND)) return true;
      latest = Math.max(latest ?? time, time);
    }
  }
  const usual = [...steps].sort((a, b) => a - b)[steps.length >> 1] ?? 0;
  return steps.some((step) => step > Math.max(LEAP_S * TICKS_PER_SECOND, LEAP_OF_USUAL * usual));
}

/** The presentation times of the pictures that begin behind `from`, of a longer stretch where none does, before `to`. */
async function timesFrom(read: ReadBytes, from: number, to: number, stride: number): Promise<number[]> {
  for (let length = LOOK_BYTES; ; length *= 4) {
    const bytes = await read(from, Math.min(length, to - from));
    const times: number[] = [];
    for (let at = stride - PACKET_BYTES; at + PACKET_BYTES <= bytes.length; at += stride) {
      const time = pictureTime(bytes.subarray(at, at + PACKET_BYTES));
      if (time !== null) times.push(time);
    }
    if (times.length || length >= Math.min(MOST_LOOK_BYTES, to - from)) return times;
  }
}

/** The time of the picture that begins in a packet; null where none does (ISO/IEC 13818-1, 2.4.3). */
function pictureTime(packet: Uint8Array): number | null {
  const begins = packet[0] === SYNC && (packet[1]! & 0x40) !== 0;
  const hasPayload = (packet[3]! & 0x10) !== 0;
  if (!begins || !hasPayload) return null;
  const at = (packet[3]! & 0x20) !== 0 ? 5 + packet[4]! : 4;
  if (at + 14 > packet.length || packet[at] !== 0 || packet[at + 1] !== 0 || packet[at + 2] !== 1) return null;
  const isVideo = (packet[at + 3]! & 0xf0) === 0xe0 || packet[at + 3] === 0xfd;
  if (!isVideo || (packet[at + 7]! & 0x80) === 0) return null;
  const [a, b, c, d, e] = packet.subarray(at + 9, at + 14) as unknown as [number, number, number, number, number];
  return (a & 0x0e) * 2 ** 29 + b * 2 ** 22 + (c & 0xfe) * 2 ** 14 + d * 2 ** 7 + (e >> 1);
}
