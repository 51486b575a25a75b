/** A moment copied out of a film without re-encoding, from a key picture before it to a little after it. */

import { EncodedVideoPacketSource, type Target } from 'mediabunny';

import { findCutSpan, type CutSpan } from './span';
import { FilmProblem } from '../problem';
import type { Moment } from '../types';
import type { FilmSource } from '../read/source';
import { CutWriter, chooseFormat, exactTicks } from './muxer';

/** What was written: the film's ticks of its pictures, in the order shown. */
export interface Written {
  readonly wanted: CutSpan;
  readonly ticks: readonly number[];
  readonly mimeType: string;
}

/** Copies the pictures and sound of `moment` to `target`. Throws FilmProblem; AbortError when told to stop. */
export async function copyMoment(
  film: FilmSource,
  moment: Moment,
  target: Target,
  onProgress: (share: number) => void,
  signal: AbortSignal,
): Promise<Written> {
  const format = await chooseFormat(film);
  const codec = await film.video.getCodec();
  const config = await film.video.getDecoderConfig();
  if (!codec || !config) throw new FilmProblem('not_cut', 'the picture is of an unknown kind');
  const wanted = await findCutSpan(film, moment);
  const { stretch } = wanted;
  const baseSeconds = stretch.entry.timestamp;
  const baseTicks = film.clock.ticks(baseSeconds);
  const endTicks = moment.kind === 'clip' ? wanted.endTicks : (stretch.shown.at(-1) ?? baseTicks);
  const endSeconds = endTicks / film.clock.ticksPerSecond;

  const picture = new EncodedVideoPacketSource(codec);
  const track = {
    rotation: await film.video.getRotation(),
    flip: await film.video.getFlip(),
    ...exactTicks(film),
  };
  const writer = await CutWriter.begin(film, format, target, picture, track, baseSeconds, endSeconds);
  try {
    let meta: EncodedVideoChunkMetadata | undefined = { decoderConfig: config };
    let done = 0;
    for await (const packet of film.pictures.packets(stretch.entry)) {
      signal.throwIfAborted();
      if (film.clock.ticks(packet.timestamp) >= baseTicks) {
        await writer.addSoundUntil(packet.timestamp);
        // The first must be marked as a key picture even where the container forgot to.
        const type = meta ? 'key' : packet.type;
        await picture.add(packet.clone({ timestamp: packet.timestamp - baseSeconds, type }), meta);
        meta = undefined;
      }
      if (++done >= stretch.count) break;
      onProgress(done / stretch.count);
    }
    const mimeType = await writer.finish();
    return { wanted, ticks: stretch.shown, mimeType };
  } catch (error) {
    await writer.cancel();
    throw error;
  }
}
