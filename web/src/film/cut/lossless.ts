/** A moment copied out of a film without re-encoding, from a key frame before it to a little after it. */

import { EncodedVideoPacketSource, type Target } from 'mediabunny';

import type { CutSpan } from './span';
import { FilmProblem } from '../problem';
import type { Moment } from '../types';
import { beginsDecoding, type FrameRange } from '../read/frames';
import type { FilmSource } from '../read/source';
import { CutWriter, chooseFormat, exactTicks } from './muxer';

/** What was written: the film's ticks of its pictures, in the order shown. */
export interface Written {
  readonly ticks: readonly number[];
  readonly mimeType: string;
}

/** Copies the pictures and sound of `moment` to `target`. Throws FilmProblem; AbortError when told to stop. */
export async function copyMoment(
  film: FilmSource,
  moment: Moment,
  wanted: CutSpan & { copied: FrameRange },
  target: Target,
  onProgress: (share: number) => void,
  signal: AbortSignal,
): Promise<Written> {
  const format = await chooseFormat(film, null, moment.kind === 'clip' && wanted.copied.next === null);
  const codec = await film.video.getCodec();
  const config = await film.video.getDecoderConfig();
  if (!codec || !config) throw new FilmProblem('not_cut', 'the picture is of an unknown kind');
  const { copied } = wanted;
  const baseSeconds = copied.entry.timestamp;
  const baseTicks = film.clock.ticks(baseSeconds);
  const endTicks = moment.kind === 'clip' ? wanted.endTicks : (copied.shown.at(-1) ?? baseTicks + copied.piece.shift);
  const shiftSeconds = copied.piece.shift / film.clock.ticksPerSecond;
  const endSeconds = endTicks / film.clock.ticksPerSecond;

  const picture = new EncodedVideoPacketSource(codec);
  const track = {
    rotation: await film.video.getRotation(),
    flip: await film.video.getFlip(),
    ...exactTicks(film),
  };
  const writer = await CutWriter.begin(film, format, target, picture, track, baseSeconds + shiftSeconds, endSeconds);
  try {
    let meta: EncodedVideoChunkMetadata | undefined = { decoderConfig: config };
    let done = 0;
    for await (const packet of film.pictures.packets(copied.entry)) {
      signal.throwIfAborted();
      if (film.clock.ticks(packet.timestamp) >= baseTicks) {
        await writer.addSoundUntil(packet.timestamp + shiftSeconds);
        // The first must be marked as a key frame even where the container forgot to; where it marks all, they are looked at.
        const type = meta || film.marksKeys ? (meta ? 'key' : packet.type) : beginsDecoding(film, packet) ? 'key' : 'delta';
        await picture.add(packet.clone({ timestamp: packet.timestamp - baseSeconds, type }), meta);
        meta = undefined;
      }
      if (++done >= copied.count) break;
      onProgress(done / copied.count);
    }
    const mimeType = await writer.finish();
    return { ticks: copied.shown, mimeType };
  } catch (error) {
    await writer.cancel();
    throw error;
  }
}
