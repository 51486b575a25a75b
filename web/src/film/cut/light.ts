/**
 * A moment re-encoded lighter: at most 720 lines and about 1.3 Mbit/s with its sound, which is copied.
 *
 * It is made so that it is the finished clip already (pipeline/cut/picture_copy.py looks): upright, BT.709, a key picture
 * where the moment begins, where it has ended, and each second. What travels around it stands in groups of its own.
 */

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
import type { CutSpan } from './span';
import { isDecodedHere } from '../hevc/decoder';
import { FilmProblem } from '../problem';
import { decodeAt } from '../read/decode';
import { BT709, colorsByRule, finish, fromRgba, type Turn } from './finishing';
import { drawCover, type Cover } from './cover';
import { PictureScaler, asSample, innerRect, type Paint } from './scaling';
import { findEndTicks, findFrameRange, frameTicksBetween } from '../read/frames';
import { isInterlaced, lookAtFirst, squareSize, upright, type Size } from '../read/look';
import { pieceIndexAt, type Piece } from '../read/pieces';
import type { FilmSource } from '../read/source';
import { CutWriter, chooseFormat, exactTicks } from './muxer';

const MOST_LINES = 720;
/** With its sound about 1.3 Mbit/s; a finished clip of so many bytes was encoded twice before (docs/decisions/web.md). */
const BITS_PER_SECOND = 1_200_000;
/** At full size: 12 Mbit/s for 1080p at any rate, twice what a phone's own encoder needs for the same look. */
const FULL_SIZE_BITS_PER_PIXEL = 6;
const LEAST_FULL_SIZE_BITS_PER_SECOND = 4_000_000;
/** A clip can be begun at each of its seconds, and is copied by the service only then. */
const KEY_EVERY_S = 1;
/** Pictures come a little before their second is full, as times are rounded. */
const EARLY_S = 0.02;
const CODECS: readonly VideoCodec[] = ['avc', 'vp9', 'vp8'];

/** The size as stored, in square pixels, with at most `mostLines` on the shorter side, never enlarged, even. */
function fitted({ width, height }: Size, mostLines: number): Size {
  const scale = Math.min(1, mostLines / Math.min(width, height));
  const even = (px: number): number => Math.max(2, 2 * Math.round((px * scale) / 2));
  return { width: even(width), height: even(height) };
}

function encoding(codec: VideoCodec): EncodingChoice {
  return { codec, quality: new Quality({ bitrate: BITS_PER_SECOND, bitrateMode: 'variable' }), latencyMode: 'quality' };
}

/** The codec in which this browser can make lighter moments of `film`; null if it cannot. */
export async function lightCodec(film: FilmSource): Promise<VideoCodec | null> {
  return (await chooseAnew(film, MOST_LINES, true, encoding))?.codec ?? null;
}

/** How a moment is encoded anew. */
export interface Anew {
  readonly codec: VideoCodec;
  readonly mostLines: number;
  /** Upright and in the colours of finished clips; else as stored. */
  readonly isFinished: boolean;
  readonly config: EncodingChoice;
}

type EncodingChoice = Pick<VideoEncodingConfig, 'codec' | 'quality' | 'latencyMode'>;

/** Lighter: at most 720 lines. Throws FilmProblem not_cut_light. */
export async function encodeLighter(film: FilmSource): Promise<Anew> {
  const anew = await chooseAnew(film, MOST_LINES, true, encoding);
  if (!anew) throw new FilmProblem('not_cut_light');
  return anew;
}

/**
 * As filmed, as nearly as can be: its full size, at a quality at which nobody sees a difference. For the few moments that
 * cannot be copied, and for stills with somebody covered. Throws FilmProblem not_cut_beside_trim.
 */
export async function encodeFullSize(film: FilmSource, isFinished = false): Promise<Anew> {
  const anew = await chooseAnew(film, Infinity, isFinished, (codec, { width, height }) => {
    const bitrate = Math.ceil(Math.max(LEAST_FULL_SIZE_BITS_PER_SECOND, width * height * FULL_SIZE_BITS_PER_PIXEL));
    return { codec, quality: new Quality({ bitrate, bitrateMode: 'variable' }), latencyMode: 'quality' };
  });
  if (!anew) throw new FilmProblem('not_cut_beside_trim');
  return anew;
}

async function chooseAnew(
  film: FilmSource,
  mostLines: number,
  isFinished: boolean,
  configOf: (codec: VideoCodec, size: Size) => EncodingChoice,
): Promise<Anew | null> {
  // What the page decodes itself comes too slowly for that.
  if (await isDecodedHere(film.video)) return null;
  const stored = typeof VideoEncoder === 'undefined' ? null : await lookAtFirst(film);
  // Half pictures woven together would be encoded, and shown, as combs.
  if (!stored || (await isInterlaced(film))) return null;
  const size = upright(fitted(stored, mostLines), isFinished ? await film.video.getRotation() : 0);
  for (const codec of CODECS) {
    const config = configOf(codec, size);
    if (await canEncodeVideo(codec, { ...config, ...size })) return { codec, mostLines, isFinished, config };
  }
  return null;
}

/**
 * Encodes the pictures of a moment anew to `target` and copies its sound. With `cover`, which says what is covered on the
 * picture of a film tick, nothing is encoded but what `span` names. Throws FilmProblem; AbortError.
 */
export async function transcodeMoment(
  film: FilmSource,
  { leadInTicks, fromTicks, toTicks, endTicks }: CutSpan,
  { codec, mostLines, isFinished, config }: Anew,
  target: Target,
  onProgress: (share: number) => void,
  signal: AbortSignal,
  cover: ((tick: number) => Cover) | null = null,
): Promise<Written> {
  const { clock } = film;
  // It begins a little before the moment, also because decoders of sound begin incompletely; at the end one picture more,
  // so that the service sees how long the last one stands.
  const { next } = await findFrameRange(film, endTicks - 1, endTicks);
  const format = await chooseFormat(film, codec, next === null);
  const ticks = await frameTicksBetween(film, leadInTicks, cover ? endTicks : (next ?? endTicks) + 1);
  const baseSeconds = leadInTicks / clock.ticksPerSecond;

  const inside = ticks.filter((at) => at >= fromTicks && at < toTicks);
  const framerate = rateOf(inside.length > 1 ? inside : ticks, clock.ticksPerSecond);
  const picture = new VideoSampleSource({
    ...config,
    // Where they stand is said with each picture.
    keyFrameInterval: Number.MAX_SAFE_INTEGER,
    // Else an encoder is told that as many pictures come as there are ticks, and gives each so much less.
    onEncoderConfig: (asked) => Object.assign(asked, framerate && { framerate }),
  });
  const keys = new Set([inside[0], ticks.find((at) => at >= toTicks)]);
  // The moment's first picture decides: a phone may have been turned, or a call's line grown worse, since the film's.
  const decisive = inside[0] ?? ticks.findLast((at) => at <= fromTicks);
  let size: Size | null = decisive === undefined ? null : await sizeAt(film, decisive, mostLines);
  let scaler: PictureScaler | null = null;
  const stored: Turn = { rotation: await film.video.getRotation(), flip: await film.video.getFlip() };
  const track = { ...(isFinished ? {} : stored), ...exactTicks(film) };
  const writer = await CutWriter.begin(film, format, target, picture, track, baseSeconds, endTicks / clock.ticksPerSecond);
  try {
    let done = 0;
    let keyAt = -Infinity;
    const add = async (sample: VideoSample, at: number): Promise<void> => {
      const seconds = at / clock.ticksPerSecond;
      await writer.addSoundUntil(seconds);
      sample.setTimestamp(seconds - baseSeconds);
      // The film's last one stands for as long as the film goes on, which a WebM does not say of it.
      if (cover && at === ticks.at(-1)) sample.setDuration((endTicks - at) / clock.ticksPerSecond);
      else if (next === null && at === ticks.at(-1)) sample.setDuration(((await findEndTicks(film)) - at) / clock.ticksPerSecond);
      const own = await squareSize(film, sample);
      size ??= fitted(own, mostLines);
      scaler ??= new PictureScaler(size, await colorsByRule(film, own), isFinished ? stored : null);
      // Boxes are shares of the film's own picture: one of another shape, with bars, is covered whole.
      const isFilled = innerRect(own, size).width === size.width && innerRect(own, size).height === size.height;
      const paint = cover && ((planes: Uint8Array, of: Size): void => drawCover(planes, of, isFilled ? cover(at) : { covers: 'whole', box: null, doubt: '' }));
      const smaller = (await scaler.scale(sample, own, paint)) ?? drawSmaller(sample, own, size, isFinished ? stored : null, paint);
      sample.close();
      const keyFrame = keys.has(at) || seconds - keyAt > KEY_EVERY_S - EARLY_S;
      if (keyFrame) keyAt = seconds;
      await picture.add(smaller, { keyFrame });
      smaller.close();
      done += 1;
      onProgress(done / ticks.length);
    };
    for (const [index, piece] of film.pieces.entries()) {
      const inside = ticks.filter((at) => pieceIndexAt(film.pieces, at) === index);
      if (inside.length) await decodeEach(film, piece, inside, add, signal);
    }
    if (done !== ticks.length) throw new FilmProblem('not_cut_light', `${done} of ${ticks.length} pictures decoded`);
    return { ticks, mimeType: await writer.finish() };
  } catch (error) {
    await writer.cancel();
    throw error;
  }
}

/** How many pictures come in a second; null where that cannot be told. */
function rateOf(ticks: readonly number[], ticksPerSecond: number): number | null {
  const span = (ticks.at(-1) ?? 0) - (ticks[0] ?? 0);
  return span > 0 ? ((ticks.length - 1) * ticksPerSecond) / span : null;
}

/** What a picture of the film is made to when it decides; null where it cannot be decoded alone. */
async function sizeAt(film: FilmSource, ticks: number, mostLines: number): Promise<Size | null> {
  const sample = await decodeAt(film, ticks).catch(() => null);
  if (!sample) return null;
  const own = await squareSize(film, sample);
  sample.close();
  return fitted(own, mostLines);
}

/** Decodes the pictures at `ticks`, all of one piece, and gives each on, once. */
async function decodeEach(
  film: FilmSource,
  piece: Piece,
  ticks: readonly number[],
  add: (sample: VideoSample, at: number) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const { clock } = film;
  const stored = ticks.map((at) => at - piece.shift);
  const from = clock.seekSeconds(stored[0]!);
  const until = (stored.at(-1)! + 0.75) / clock.ticksPerSecond;
  let held: VideoSample | null = null;
  let done = 0;
  try {
    for await (const sample of new VideoSampleSink(film.video).samples(from, until)) {
      // Several pictures may be stamped with the same time; only the last of them is ever seen.
      const isNext: boolean = held === null || isNear(sample, stored, done + 1, clock);
      if (held && isNext) await add(held, ticks[done++]!);
      else held?.close();
      held = sample;
      signal.throwIfAborted();
      if (!isNear(sample, stored, done, clock)) {
        throw new FilmProblem('not_cut_light', `picture ${done} came at ${sample.timestamp} s`);
      }
    }
    if (held) await add(held, ticks[done]!);
    held = null;
  } catch (error) {
    held?.close();
    throw error;
  }
}

/** What the scaler cannot do: pictures of 10 bit, and those that only the graphics card holds. */
function drawSmaller(sample: VideoSample, own: Size, size: Size, turn: Turn | null, paint: Paint | null): VideoSample {
  const canvas = new OffscreenCanvas(size.width, size.height);
  const context = canvas.getContext('2d', { alpha: false, willReadFrequently: turn !== null })!;
  const frame = sample.toVideoFrame();
  const inner = innerRect(own, size);
  context.drawImage(frame, inner.x, inner.y, inner.width, inner.height);
  frame.close();
  if (!turn) return new VideoSample(canvas, { timestamp: sample.timestamp, duration: sample.duration });
  const { data } = context.getImageData(0, 0, size.width, size.height);
  const finished = finish(fromRgba(data, size), size, turn, BT709);
  paint?.(finished.planes, finished);
  return asSample(sample, finished);
}

/** Whether a decoded picture, whose time is in whole microseconds, is the one at that index and not a neighbour. */
function isNear(sample: VideoSample, ticks: readonly number[], index: number, clock: FilmClock): boolean {
  const at = ticks[index];
  if (at === undefined) return false;
  const gap = Math.min(at - (ticks[index - 1] ?? -Infinity), (ticks[index + 1] ?? Infinity) - at);
  return Math.abs(clock.ticks(sample.timestamp) - at) < Math.max(1, gap / 2);
}
