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
 */
export async function* heardPackets(
  track: InputAudioTrack,
  pieces: readonly Piece[] | null,
  fromSeconds: number,
  toSeconds: number,
): AsyncGenerator<HeardPacket, void, undefined> {
  const sink = new EncodedPacketSink(track);
  const ticksPerSecond = await track.getTimeResolution();
  for (const { storedFrom, storedTo, shift } of pieces ?? ALL) {
    const shiftSeconds = shift / ticksPerSecond;
    const from = Math.max(fromSeconds - shiftSeconds, (storedFrom - 0.5) / ticksPerSecond);
    const to = Math.min(toSeconds - shiftSeconds, (storedTo - 0.5) / ticksPerSecond);
    if (from >= to) continue;
    const around = (await sink.getPacket(from)) ?? (await sink.getFirstPacket());
    if (!around) return;
    for await (const packet of sink.packets(around)) {
      if (packet.timestamp >= to) break;
      if (packet.timestamp < from) continue;
      const isWhole = packet.timestamp + packet.duration <= storedTo / ticksPerSecond + CLOSE_S;
      if (!isWhole && (await sink.getNextPacket(packet, { metadataOnly: true }))) break;
      yield { packet, seconds: packet.timestamp + shiftSeconds };
    }
  }
}
