/** What the page shows of a film: its facts, a strip of key pictures, single pictures, the shape of its sound. */

import { AudioSampleSink, VideoSampleSink, type AudioSample } from 'mediabunny';

import { drawUpright } from './thumbnail';
import { lightCodec } from '../cut/light';
import { FilmProblem } from '../problem';
import type { FilmFacts } from '../types';
import { isSound, type SoundSource } from '../cut/audio';
import { findEnd, keyBefore, shownAt, shownBetween, type FilmSource } from '../read/source';
import { inTurn } from '../serialQueue';
import { chooseFormat } from '../cut/muxer';

const RATE_SAMPLE_PACKETS = 240;
const LISTENS_PER_BUCKET = 3;
const COARSEST_STEP = 16;
const TELL_EVERY_MS = 120;

/** A decoder of 4K holds 200 MB and more, so there is one at a time for single pictures. */
const onePicture = inTurn();

/** The facts of a film, from its index and a little of its start. */
export async function findFacts(film: FilmSource): Promise<FilmFacts> {
  const { video, audio, clock } = film;
  const format = await film.input.getFormat();
  const canCut = await chooseFormat(film).then(() => true, (error: unknown) => isProblem(error, 'not_cut'));
  return {
    bytes: film.file?.size ?? 0,
    durationMs: Math.max(1, clock.msAt(await findEnd(film))),
    zeroS: clock.zeroTicks / clock.ticksPerSecond,
    widthPx: await video.getDisplayWidth(),
    heightPx: await video.getDisplayHeight(),
    fps: (await video.computePacketStats(RATE_SAMPLE_PACKETS)).averagePacketRate,
    rotation: await video.getRotation(),
    hasPicture: true,
    hasSound: audio !== null,
    canShow: await video.canDecode(),
    canCut,
    canCutLight: canCut && (await lightCodec(film)) !== null,
    container: format.name,
    videoCodec: (await video.getCodec()) ?? String(await video.getInternalCodecId()),
    audioCodec: audio && ((await audio.getCodec()) ?? String(await audio.getInternalCodecId())),
  };
}

function isProblem(error: unknown, code: string): false {
  if (error instanceof FilmProblem && error.code === code) return false;
  throw error;
}

/** Key pictures spread over the film, upright, from start to end. */
export async function showStrip(
  film: FilmSource,
  count: number,
  heightPx: number,
  onPicture: (index: number, timeMs: number, picture: ImageBitmap) => void,
  signal: AbortSignal,
): Promise<void> {
  await mustShow(film);
  const { clock } = film;
  const durationTicks = (await findEnd(film)) - clock.zeroTicks;
  const keys: number[] = [];
  for (let index = 0; index < count; index++) {
    signal.throwIfAborted();
    const entry = await keyBefore(film, clock.zeroTicks + Math.floor(((index + 0.5) / count) * durationTicks));
    keys.push(Math.max(clock.zeroTicks, clock.ticks(entry.timestamp)));
  }
  const sink = new VideoSampleSink(film.video);
  let index = 0;
  for await (const sample of sink.samplesAtTimestamps(keys.map((ticks) => clock.seekSeconds(ticks)))) {
    if (signal.aborted) sample?.close();
    signal.throwIfAborted();
    if (sample) onPicture(index, clock.msAt(keys[index]!), await drawUpright(sample, heightPx));
    index += 1;
  }
}

/** The picture on screen at `atMs`, upright. */
export async function showPicture(film: FilmSource, atMs: number, heightPx: number): Promise<ImageBitmap> {
  await mustShow(film);
  const ticks = await shownAt(film, atMs);
  return onePicture(async () => {
    const sample = await new VideoSampleSink(film.video).getSample(film.clock.seekSeconds(ticks));
    if (!sample) throw new FilmProblem('not_shown', `no picture at ${atMs} ms`);
    return drawUpright(sample, heightPx);
  });
}

/** When the pictures around `aroundMs` are shown, each rounded down to a millisecond, in order. */
export async function findFrameTimes(film: FilmSource, aroundMs: number, spanMs: number): Promise<number[]> {
  const { clock } = film;
  const fromTicks = clock.ticksAt(Math.max(0, aroundMs - spanMs));
  const ticks = await shownBetween(film, fromTicks, clock.ticksAt(aroundMs + spanMs + 1));
  return ticks.map((at) => clock.msAt(at));
}

/**
 * The loudest amplitude heard in each of `buckets` equal parts of the film, 0 to 1.
 *
 * Coarse first, then finer: until a part was listened to, the one before stands in for it. Each part is only sampled,
 * so that a film of gigabytes need not be read. Nothing is told where the sound cannot be decoded.
 */
export async function listen(
  source: FilmSource | SoundSource,
  buckets: number,
  onPeaks: (peaks: Float32Array) => void,
  signal: AbortSignal,
): Promise<void> {
  const { audio } = source;
  if (!audio || !(await audio.canDecode())) return;
  const { zeroS, endS } = isSound(source) ? source : await endsOf(source);
  const bucketS = (endS - zeroS) / buckets;
  const sink = new AudioSampleSink(audio);
  const peaks = new Float32Array(buckets);
  const heard = new Uint8Array(buckets);
  let toldAt = performance.now();
  for (let step = COARSEST_STEP; step >= 1; step /= 2) {
    const todo = [...peaks.keys()].filter((bucket) => bucket % step === 0 && !heard[bucket]);
    const times = todo.flatMap((bucket) =>
      Array.from({ length: LISTENS_PER_BUCKET }, (_, n) => zeroS + (bucket + (n + 0.5) / LISTENS_PER_BUCKET) * bucketS),
    );
    let count = 0;
    for await (const sample of sink.samplesAtTimestamps(times)) {
      if (signal.aborted) sample?.close();
      signal.throwIfAborted();
      const bucket = todo[Math.floor(count++ / LISTENS_PER_BUCKET)]!;
      if (!heard[bucket]) peaks.fill(0, bucket, Math.min(buckets, bucket + step));
      heard[bucket] = 1;
      if (!sample) continue;
      const loudest = Math.max(peaks[bucket]!, peakOf(sample));
      sample.close();
      peaks.fill(loudest, bucket, Math.min(buckets, bucket + step));
      if (performance.now() - toldAt < TELL_EVERY_MS) continue;
      toldAt = performance.now();
      onPeaks(peaks.slice());
    }
  }
  onPeaks(peaks);
}

async function endsOf(film: FilmSource): Promise<{ zeroS: number; endS: number }> {
  const { zeroTicks, ticksPerSecond } = film.clock;
  return { zeroS: zeroTicks / ticksPerSecond, endS: (await findEnd(film)) / ticksPerSecond };
}

function peakOf(sample: AudioSample): number {
  const options = { planeIndex: 0, format: 'f32-planar' } as const;
  const values = new Float32Array(sample.allocationSize(options) / Float32Array.BYTES_PER_ELEMENT);
  sample.copyTo(values, options);
  let loudest = 0;
  for (const value of values) loudest = Math.max(loudest, Math.abs(value));
  return Math.min(1, loudest);
}

async function mustShow(film: FilmSource): Promise<void> {
  if (!(await film.video.canDecode())) throw new FilmProblem('not_shown');
}
