/** A moment re-encoded lighter: at most 720 lines and about 2 Mbit/s with its sound, which is copied. */

import {
  Quality,
  VideoSample,
  VideoSampleSink,
  VideoSampleSource,
  canEncodeVideo,
  type Target,
  type VideoCodec,
  type VideoEncodingConfig,
} from 'mediabunny';

import type { FilmClock } from '../read/clock';
import type { Written } from './lossless';
import { LEAD_IN_MS, findCutSpan } from './span';
import { FilmProblem } from '../problem';
import { PictureScaler, type Size } from './scaling';
import type { Moment } from '../types';
import { frameTickAt, frameTicksBetween, type FilmSource } from '../read/source';
import { CutWriter, chooseFormat, exactTicks } from './muxer';

const MOST_LINES = 720;
/** With 128 to 192 kbit/s of sound that is about 2 Mbit/s. */
const BITS_PER_SECOND = 1_800_000;
const KEY_EVERY_S = 2;
const CODECS: readonly VideoCodec[] = ['avc', 'vp9', 'vp8'];

/** The size as stored, in square pixels, with at most 720 lines on the shorter side, never enlarged, even. */
export async function lightSize(film: FilmSource): Promise<Size> {
  const width = await film.video.getSquarePixelWidth();
  const height = await film.video.getSquarePixelHeight();
  const scale = Math.min(1, MOST_LINES / Math.min(width, height));
  const even = (px: number): number => Math.max(2, 2 * Math.round((px * scale) / 2));
  return { width: even(width), height: even(height) };
}

function encoding(codec: VideoCodec): Pick<VideoEncodingConfig, 'codec' | 'quality' | 'latencyMode'> {
  return { codec, quality: new Quality({ bitrate: BITS_PER_SECOND, bitrateMode: 'variable' }), latencyMode: 'quality' };
}

/** The codec in which this browser can make lighter moments of `film`; null if it cannot. */
export async function lightCodec(film: FilmSource): Promise<VideoCodec | null> {
  if (typeof VideoEncoder === 'undefined' || !(await film.video.canDecode())) return null;
  const size = await lightSize(film);
  for (const codec of CODECS) if (await canEncodeVideo(codec, { ...encoding(codec), ...size })) return codec;
  return null;
}

/** Re-encodes the pictures of a clip to `target` and copies its sound. Throws FilmProblem; AbortError. */
export async function transcodeMoment(
  film: FilmSource,
  moment: Moment & { kind: 'clip' },
  target: Target,
  onProgress: (share: number) => void,
  signal: AbortSignal,
): Promise<Written> {
  const codec = await lightCodec(film);
  if (!codec) throw new FilmProblem('not_cut_light');
  const format = await chooseFormat(film, codec);
  const wanted = await findCutSpan(film, moment);
  const { clock } = film;
  // A little before the moment, also because decoders of sound begin incompletely; at the end one picture more, so that
  // the service sees how long the last one stands.
  const firstTicks = await frameTickAt(film, Math.max(0, moment.inMs - LEAD_IN_MS));
  const afterTicks = (wanted.stretch.next ?? wanted.endTicks) + 1;
  const ticks = await frameTicksBetween(film, firstTicks, afterTicks);
  const baseSeconds = firstTicks / clock.ticksPerSecond;

  const picture = new VideoSampleSource({
    ...encoding(codec),
    keyFrameInterval: KEY_EVERY_S,
  });
  const size = await lightSize(film);
  const scaler = new PictureScaler(size);
  const track = { rotation: await film.video.getRotation(), flip: await film.video.getFlip(), ...exactTicks(film) };
  const endSeconds = wanted.endTicks / clock.ticksPerSecond;
  const writer = await CutWriter.begin(film, format, target, picture, track, baseSeconds, endSeconds);
  let held: VideoSample | null = null;
  try {
    let done = 0;
    const add = async (sample: VideoSample, at: number): Promise<void> => {
      const seconds = at / clock.ticksPerSecond;
      await writer.addSoundUntil(seconds);
      sample.setTimestamp(seconds - baseSeconds);
      const smaller = (await scaler.scale(sample)) ?? (await drawSmaller(sample, size));
      sample.close();
      await picture.add(smaller);
      smaller.close();
      done += 1;
      onProgress(done / ticks.length);
    };
    const from = clock.seekSeconds(firstTicks);
    const until = (ticks.at(-1)! + 0.75) / clock.ticksPerSecond;
    for await (const sample of new VideoSampleSink(film.video).samples(from, until)) {
      // Several pictures may be stamped with the same time; only the last of them is ever seen.
      const isNext: boolean = held === null || isNear(sample, ticks, done + 1, clock);
      if (held && isNext) await add(held, ticks[done]!);
      else held?.close();
      held = sample;
      signal.throwIfAborted();
      if (!isNear(sample, ticks, done, clock)) {
        throw new FilmProblem('not_cut_light', `picture ${done} came at ${sample.timestamp} s`);
      }
    }
    if (held) await add(held, ticks[done]!);
    held = null;
    if (done !== ticks.length) throw new FilmProblem('not_cut_light', `${done} of ${ticks.length} pictures decoded`);
    return { wanted, ticks, mimeType: await writer.finish() };
  } catch (error) {
    held?.close();
    await writer.cancel();
    throw error;
  }
}

/** What the scaler cannot do: pictures of 10 bit, and those that only the graphics card holds. */
async function drawSmaller(sample: VideoSample, { width, height }: Size): Promise<VideoSample> {
  const canvas = new OffscreenCanvas(width, height);
  const frame = sample.toVideoFrame();
  canvas.getContext('2d', { alpha: false })!.drawImage(frame, 0, 0, width, height);
  frame.close();
  return new VideoSample(canvas, { timestamp: sample.timestamp, duration: sample.duration });
}

/** Whether a decoded picture, whose time is in whole microseconds, is the one at that index and not a neighbour. */
function isNear(sample: VideoSample, ticks: readonly number[], index: number, clock: FilmClock): boolean {
  const at = ticks[index];
  if (at === undefined) return false;
  const gap = Math.min(at - (ticks[index - 1] ?? -Infinity), (ticks[index + 1] ?? Infinity) - at);
  return Math.abs(clock.ticks(sample.timestamp) - at) < Math.max(1, gap / 2);
}
