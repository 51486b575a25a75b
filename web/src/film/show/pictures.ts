/** Upright pictures of a film: single frames, and keyframes for a filmstrip. */

import { VideoSampleSink, type VideoSample } from 'mediabunny';

import { isDecodedHere } from '../hevc/decoder';
import { FilmProblem } from '../problem';
import { findEndTicks, frameTickAt, keyframeBefore, seekSecondsOf } from '../read/frames';
import { decodeAt } from '../read/decode';
import { lookAtFirst, squareSize } from '../read/look';
import { filmFromOf, pieceIndexAt } from '../read/pieces';
import type { FilmSource } from '../read/source';
import { serialQueue } from '../serialQueue';
import { toUprightBitmap } from './thumbnail';

/** A decoder of 4K holds 200 MB and more, so there is one at a time for single pictures. */
const onePicture = serialQueue();

/** Key frames spread over the film, upright, from start to end. */
export async function decodeFilmstrip(
  film: FilmSource,
  count: number,
  heightPx: number,
  onPicture: (index: number, timeMs: number, picture: ImageBitmap) => void,
  signal: AbortSignal,
): Promise<void> {
  await requireDecodable(film);
  const { clock } = film;
  const durationTicks = (await findEndTicks(film)) - clock.zeroTicks;
  const keys: number[] = [];
  for (let index = 0; index < count; index++) {
    signal.throwIfAborted();
    const wanted = clock.zeroTicks + Math.floor(((index + 0.5) / count) * durationTicks);
    const piece = film.pieces[pieceIndexAt(film.pieces, wanted)]!;
    const entry = await keyframeBefore(film, wanted - piece.shift);
    keys.push(Math.max(filmFromOf(piece), clock.ticks(entry.timestamp) + piece.shift));
  }
  const sink = new VideoSampleSink(film.video);
  let index = 0;
  for await (const sample of sink.samplesAtTimestamps(keys.map((ticks) => seekSecondsOf(film, ticks)))) {
    if (signal.aborted) sample?.close();
    signal.throwIfAborted();
    if (sample) onPicture(index, clock.msAt(keys[index]!), await draw(film, sample, heightPx));
    index += 1;
  }
}

/** The picture on screen at `atMs`, upright. */
export async function decodePicture(film: FilmSource, atMs: number, heightPx: number): Promise<ImageBitmap> {
  await requireDecodable(film);
  const ticks = await frameTickAt(film, atMs);
  return onePicture(async () => {
    const sample = await decodeAt(film, ticks);
    if (!sample) throw new FilmProblem('not_shown', `no picture at ${atMs} ms`);
    return draw(film, sample, heightPx);
  });
}

/** A decoded picture, which is closed, upright and as it looks on a usual screen. */
export async function draw(film: FilmSource, sample: VideoSample, heightPx: number): Promise<ImageBitmap> {
  const { transfer }: { transfer?: string | null } = await film.video.getColorSpace();
  const light = (transfer === 'hlg' || transfer === 'pq') && (await isDecodedHere(film.video)) ? transfer : null;
  return toUprightBitmap(sample, await squareSize(film, sample), heightPx, light);
}

/** Throws FilmProblem not_shown where no picture can be had. */
export async function requireDecodable(film: FilmSource): Promise<void> {
  if (!(await lookAtFirst(film))) throw new FilmProblem('not_shown');
}
