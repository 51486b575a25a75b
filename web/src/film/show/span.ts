/** A few pictures of a film copied into a small MP4 or WebM, for a player that shows what the decoder refuses. */

import { BufferTarget, EncodedVideoPacketSource, Output, type EncodedPacket } from 'mediabunny';

import { chooseFormat, exactTicks } from '../cut/muxer';
import { FilmProblem } from '../problem';
import { beginsDecoding, decodeEntryPoint, findFrameRange, frameTickAt } from '../read/frames';
import type { FilmSource } from '../read/source';

export interface PictureSpan {
  readonly file: Blob;
  /** When the wanted picture is shown in it, and until when at least it stands. */
  readonly fromS: number;
  readonly toS: number;
  /** The same on the film's clock. */
  readonly timeMs: number;
}

/**
 * From `groupsBack` entry points before the one that decoding may begin with to the picture on screen at `atMs`; `keyOnly`:
 * to the picture of that one. Null where so many are not there. Throws FilmProblem not_shown.
 */
export async function copyPictureSpan(film: FilmSource, atMs: number, keyOnly: boolean, groupsBack: number): Promise<PictureSpan | null> {
  const [codec, config] = [await film.video.getCodec(), await film.video.getDecoderConfig()];
  // Under several sample descriptions, the one that would be written may be another picture's.
  if (!codec || !config || film.wholeOnly === 'film_of_two') throw new FilmProblem('not_shown');
  const { clock } = film;
  let wanted = await frameTickAt(film, atMs);
  let copied = await findFrameRange(film, wanted, wanted + 1);
  const from = copied.shown[0];
  if (keyOnly && from !== undefined && from < wanted) {
    wanted = from;
    copied = await findFrameRange(film, from, from + 1, copied.entry);
  }
  let { entry, count } = copied;
  for (let back = 0; back < groupsBack; back++) {
    const earlier = await decodeEntryPoint(film, clock.ticks(entry.timestamp) - 1);
    if (clock.ticks(earlier.timestamp) >= clock.ticks(entry.timestamp) || !beginsDecoding(film, earlier)) return null;
    for await (const packet of film.pictures.packets(earlier, entry, { metadataOnly: true })) count += packet ? 1 : 0;
    entry = earlier;
  }
  // Leading pictures go along, unlike in a cut: decoders count on them, and miss them more than those that they lean on.
  const packets: EncodedPacket[] = [];
  for await (const packet of film.pictures.packets(entry)) if (packets.push(packet) >= count) break;
  const baseS = Math.min(...packets.map(({ timestamp }) => timestamp));

  const target = new BufferTarget();
  const format = await chooseFormat({ ...film, audio: null, wholeOnly: null });
  const output = new Output({ format, target });
  const picture = new EncodedVideoPacketSource(codec);
  output.addVideoTrack(picture, { rotation: await film.video.getRotation(), flip: await film.video.getFlip(), ...exactTicks(film) });
  await output.start();
  for (const [index, packet] of packets.entries()) {
    const type = index ? 'delta' : 'key';
    await picture.add(packet.clone({ timestamp: packet.timestamp - baseS, type }), index ? undefined : { decoderConfig: config });
  }
  await output.finalize();

  const base = clock.ticks(baseS) + copied.piece.shift;
  const after = copied.shown.find((ticks) => ticks > wanted) ?? wanted + clock.ticksPerSecond;
  const [fromS, toS] = [wanted, after].map((ticks) => (ticks - base) / clock.ticksPerSecond) as [number, number];
  return { file: new Blob([target.buffer!], { type: format.mimeType }), fromS, toS, timeMs: clock.msAt(wanted) };
}
