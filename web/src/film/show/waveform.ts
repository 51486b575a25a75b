/** The shape of a film's sound. */

import { AudioSampleSink, type AudioSample } from 'mediabunny';

import { isAudioRecording, type AudioRecording } from '../read/audio';
import { findEndTicks } from '../read/frames';
import { EVERYTHING, toStoredSeconds, type Piece } from '../read/pieces';
import type { FilmSource } from '../read/source';

const LISTENS_PER_BUCKET = 3;
const COARSEST_STEP = 16;
const TELL_EVERY_MS = 120;
const PACKET_S = 0.02;

/**
 * The loudest amplitude heard in each of `buckets` equal parts of the film, 0 to 1.
 *
 * Coarse first, then finer: until a part was listened to, the one before stands in for it. Each part is only sampled,
 * so that a film of gigabytes need not be read. A short film of which each packet would be sampled is decoded in one
 * run: to begin anew for each packet takes a decoder four times as long. Nothing is told where the sound cannot be decoded.
 */
export async function measureWaveform(
  source: FilmSource | AudioRecording,
  buckets: number,
  onPeaks: (peaks: Float32Array) => void,
  signal: AbortSignal,
): Promise<void> {
  const { audio } = source;
  if (!audio || !(await audio.canDecode())) return;
  const { zeroS, endS } = isAudioRecording(source) ? source : await secondsOf(source);
  const pieces = isAudioRecording(source) ? source.pieces : source.soundPieces;
  const ticksPerSecond = await audio.getTimeResolution();
  const toStored = (seconds: number): number => toStoredSeconds(pieces, ticksPerSecond, seconds).seconds;
  const bucketS = (endS - zeroS) / buckets;
  const sink = new AudioSampleSink(audio);
  const peaks = new Float32Array(buckets);
  if (bucketS / LISTENS_PER_BUCKET < PACKET_S) {
    await listenThrough(sink, pieces ?? EVERYTHING, { ticksPerSecond, zeroS, endS, bucketS }, peaks, signal);
    onPeaks(peaks);
    return;
  }
  const heard = new Uint8Array(buckets);
  let toldAt = performance.now();
  for (let step = COARSEST_STEP; step >= 1; step /= 2) {
    const todo = [...peaks.keys()].filter((bucket) => bucket % step === 0 && !heard[bucket]);
    const times = todo.flatMap((bucket) =>
      Array.from({ length: LISTENS_PER_BUCKET }, (_, n) => toStored(zeroS + (bucket + (n + 0.5) / LISTENS_PER_BUCKET) * bucketS)),
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

async function secondsOf(film: FilmSource): Promise<{ zeroS: number; endS: number }> {
  const { zeroTicks, ticksPerSecond } = film.clock;
  return { zeroS: zeroTicks / ticksPerSecond, endS: (await findEndTicks(film)) / ticksPerSecond };
}

interface Scale {
  readonly ticksPerSecond: number;
  readonly zeroS: number;
  readonly endS: number;
  readonly bucketS: number;
}

/** Decodes all that is heard, piece by piece, and raises the peaks of the parts in which it is. */
async function listenThrough(sink: AudioSampleSink, pieces: readonly Piece[], scale: Scale, peaks: Float32Array, signal: AbortSignal): Promise<void> {
  const { ticksPerSecond, zeroS, endS, bucketS } = scale;
  for (const { storedFrom, storedTo, shift } of pieces) {
    const shiftS = shift / ticksPerSecond;
    const fromS = Math.max(storedFrom / ticksPerSecond, zeroS - shiftS);
    const toS = Math.min(storedTo / ticksPerSecond, endS - shiftS);
    if (fromS >= toS) continue;
    for await (const sample of sink.samples(fromS, toS)) {
      if (signal.aborted) sample.close();
      signal.throwIfAborted();
      const values = valuesOf(sample);
      const { timestamp, sampleRate } = sample;
      sample.close();
      const first = Math.max(0, Math.ceil((fromS - timestamp) * sampleRate));
      const end = Math.min(values.length, Math.ceil((toS - timestamp) * sampleRate));
      for (let n = first; n < end; n++) {
        const bucket = Math.floor((timestamp + n / sampleRate + shiftS - zeroS) / bucketS);
        peaks[bucket] = Math.min(1, Math.max(peaks[bucket]!, Math.abs(values[n]!)));
      }
    }
  }
}

function peakOf(sample: AudioSample): number {
  return Math.min(1, valuesOf(sample).reduce((loudest, value) => Math.max(loudest, Math.abs(value)), 0));
}

function valuesOf(sample: AudioSample): Float32Array {
  const options = { planeIndex: 0, format: 'f32-planar' } as const;
  const values = new Float32Array(sample.allocationSize(options) / Float32Array.BYTES_PER_ELEMENT);
  sample.copyTo(values, options);
  return values;
}
