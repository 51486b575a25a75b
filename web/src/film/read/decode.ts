/** Single decoded pictures of a film. */

import { VideoSampleSink, type VideoSample } from 'mediabunny';

import { isDecodedHere } from '../hevc/decoder';
import { decodeEntryPoint, seekSecondsOf } from './frames';
import { pieceIndexAt } from './pieces';
import type { FilmSource } from './source';

/** The picture of a film tick, to be closed; null where this browser cannot decode it. Throws what a decoder throws. */
export async function decodeAt(film: FilmSource, filmTicks: number): Promise<VideoSample | null> {
  const sink = new VideoSampleSink(film.video);
  const seconds = seekSecondsOf(film, filmTicks);
  const found = await sink.getSample(seconds);
  // Of what the page decodes itself some pictures cannot be had; the one before is not what was asked for.
  if (found || (await isDecodedHere(film.video))) return found;
  // Of a WebM without cues the demuxer sees only the cluster around the time, which may hold no key frame.
  const piece = film.pieces[pieceIndexAt(film.pieces, filmTicks)]!;
  const entry = await decodeEntryPoint(film, filmTicks - piece.shift);
  let latest: VideoSample | null = null;
  for await (const sample of sink.samples(entry.timestamp, seconds)) {
    latest?.close();
    latest = sample;
  }
  return latest;
}
