/** The sound of a prepared clip: its shape, and heard with stretches of it silent, exactly as it will be made. */

import { SILENCE_FADE_MS, SILENCE_MARGIN_MS } from '../../limits';

export interface Stretch {
  readonly fromMs: number;
  readonly toMs: number;
}

const RATE_HZ = 48_000;
const samples = (ms: number): number => Math.round((ms * RATE_HZ) / 1000);

/** How much of each sample is left, from `first` on: the same sum as the worker's (pipeline/cut/silencing.py). */
export function silence(channel: Float32Array, first: number, stretches: readonly Stretch[]): void {
  const [margin, fade] = [samples(SILENCE_MARGIN_MS), samples(SILENCE_FADE_MS)];
  for (const { fromMs, toMs } of stretches) {
    const begin = samples(fromMs) - margin;
    const end = samples(toMs) - 1 + margin;
    const from = Math.max(0, begin - fade - first);
    const to = Math.min(channel.length - 1, end + fade - first);
    for (let n = from; n <= to; n++) {
      const away = Math.max(begin - (n + first), n + first - end) / fade;
      channel[n]! *= Math.min(1, Math.max(0, away));
    }
  }
}

/** The loudest amplitude in each of `buckets` equal parts, 0 to 1. */
export function peaksOf(channels: readonly Float32Array[], buckets: number): Float32Array {
  const peaks = new Float32Array(buckets);
  for (const channel of channels) {
    for (let bucket = 0; bucket < buckets; bucket++) {
      const end = Math.floor(((bucket + 1) * channel.length) / buckets);
      for (let n = Math.floor((bucket * channel.length) / buckets); n < end; n++) {
        peaks[bucket] = Math.max(peaks[bucket]!, Math.abs(channel[n]!));
      }
    }
  }
  return peaks;
}

export class ClipSound {
  readonly durationMs: number;
  readonly #buffer: AudioBuffer;
  #context: AudioContext | undefined;
  #stop: (() => void) | undefined;

  private constructor(buffer: AudioBuffer) {
    this.#buffer = buffer;
    this.durationMs = buffer.duration * 1000;
  }

  /** Rejects where there is no sound in it, or the browser cannot decode it. */
  static async decode(file: ArrayBuffer): Promise<ClipSound> {
    return new ClipSound(await new OfflineAudioContext(2, 1, RATE_HZ).decodeAudioData(file));
  }

  peaks(buckets: number): Float32Array {
    return peaksOf(this.#channels(), buckets);
  }

  /**
   * Plays a part with stretches of it silent. Resolves with where it ended: before `toMs` when it was stopped.
   */
  async play(fromMs: number, toMs: number, stretches: readonly Stretch[], onAt: (atMs: number) => void): Promise<number> {
    this.stop();
    const context = (this.#context ??= new AudioContext({ sampleRate: RATE_HZ }));
    const first = samples(fromMs);
    const length = Math.max(1, Math.min(this.#buffer.length, samples(toMs)) - first);
    const part = context.createBuffer(this.#buffer.numberOfChannels, length, RATE_HZ);
    this.#channels().forEach((channel, n) => {
      const heard = channel.slice(first, first + length);
      silence(heard, first, stretches);
      part.copyToChannel(heard, n);
    });
    const source = context.createBufferSource();
    source.buffer = part;
    source.connect(context.destination);
    await context.resume();
    return new Promise((resolve) => {
      const begun = context.currentTime;
      const at = (): number => Math.min(toMs, fromMs + (context.currentTime - begun) * 1000);
      let frame = requestAnimationFrame(function tell() {
        onAt(at());
        frame = requestAnimationFrame(tell);
      });
      const end = (reached: number): void => {
        cancelAnimationFrame(frame);
        this.#stop = undefined;
        onAt(reached);
        resolve(reached);
      };
      source.onended = () => end(toMs);
      this.#stop = () => {
        source.onended = null;
        source.stop();
        end(at());
      };
      source.start();
    });
  }

  stop(): void {
    this.#stop?.();
  }

  close(): void {
    this.stop();
    void this.#context?.close();
  }

  #channels(): Float32Array[] {
    return Array.from({ length: this.#buffer.numberOfChannels }, (_, n) => this.#buffer.getChannelData(n));
  }
}
