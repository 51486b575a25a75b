/** The sound that a film lets hear, packet by packet, on the film's own clock. */

import { EncodedPacketSink, type EncodedPacket, type InputAudioTrack } from 'mediabunny';

import type { Piece } from '../read/pieces';

export interface HeardPacket {
  readonly packet: EncodedPacket;
  /** On the film's clock. */
  readonly seconds: number;
}

const CLOSE_S = 1e-6;
const ALL: readonly Piece[] = [{ storedFrom: -Infinity, storedTo: Infinity, shift: 0 }];

/**
 * The packets from the first at or after `fromSeconds` to the last before `toSeconds`, both on the film's clock.
 *
 * Of what was cut out of the film not even a part of a packet is among them; only the padding that ends a track is.
 * Uncompressed sound lies in packets of any length, a second and more, so of these the part that is wanted is given.
 */
export async function* heardPackets(
  track: InputAudioTrack,
  pieces: readonly Piece[] | null,
  fromSeconds: number,
  toSeconds: number,
): AsyncGenerator<HeardPacket, void, undefined> {
  const sink = new EncodedPacketSink(track);
  const ticksPerSecond = await track.getTimeResolution();
  const isPcm = (await track.getCodec())?.startsWith('pcm-') ?? false;
  const rate = await track.getSampleRate();
  for (const { storedFrom, storedTo, shift } of pieces ?? ALL) {
    const shiftSeconds = shift / ticksPerSecond;
    const from = Math.max(fromSeconds - shiftSeconds, (storedFrom - 0.5) / ticksPerSecond);
    const to = Math.min(toSeconds - shiftSeconds, (storedTo - 0.5) / ticksPerSecond);
    if (from >= to) continue;
    const around = (await sink.getPacket(from)) ?? (await sink.getFirstPacket());
    if (!around) return;
    for await (const stored of sink.packets(around)) {
      if (stored.timestamp >= to) break;
      const packet = isPcm ? partOf(stored, from, storedTo / ticksPerSecond, rate) : stored;
      if (packet.timestamp < from) continue;
      const isWhole = packet.timestamp + packet.duration <= storedTo / ticksPerSecond + CLOSE_S;
      if (!isWhole && (await sink.getNextPacket(stored, { metadataOnly: true }))) break;
      yield { packet, seconds: packet.timestamp + shiftSeconds };
    }
  }
}

/** Of a packet of uncompressed sound the samples from `fromS` to before `toS`; the packet itself where none or all are. */
function partOf(packet: EncodedPacket, fromS: number, toS: number, rate: number): EncodedPacket {
  const samples = Math.round(packet.duration * rate);
  const first = Math.max(0, Math.round((fromS - packet.timestamp) * rate));
  const after = Math.min(samples, Math.round((toS - packet.timestamp) * rate));
  if (first >= after || (first === 0 && after === samples)) return packet;
  const bytes = packet.data.byteLength / samples;
  const data = packet.data.subarray(first * bytes, after * bytes);
  return packet.clone({ data, timestamp: packet.timestamp + first / rate, duration: (after - first) / rate });
}
