/** Decoded pictures made smaller plane by plane, without leaving their own colours. */

import { VideoSample } from 'mediabunny';

import type { Size } from '../read/look';
import { finish, type Finished, type Turn } from './finishing';

const BLACK = 16;
const GREY = 128;
/** Sides are rounded to even numbers, which may stretch a small picture by this much. */
const SAME_SHAPE = 0.04;

/** Draws on the planes of a finished picture. */
export type Paint = (planes: Uint8Array, size: Size) => void;

/** Where a picture stands in a frame of another shape: as large as it fits, in the middle, on even lines and columns. */
export function innerRect(own: Size, frame: Size): Size & { x: number; y: number } {
  const { width, height } = frame;
  if (Math.abs((own.width * height) / (own.height * width) - 1) < SAME_SHAPE) return { x: 0, y: 0, width, height };
  const scale = Math.min(width / own.width, height / own.height);
  const even = (px: number): number => Math.max(2, 2 * Math.round(px / 2));
  const inner = { width: Math.min(width, even(own.width * scale)), height: Math.min(height, even(own.height * scale)) };
  return { x: 2 * ((width - inner.width) >> 2), y: 2 * ((height - inner.height) >> 2), ...inner };
}

/** For each result position: where its first source value lies and how much each of `taps` values counts. */
interface Weights {
  readonly taps: number;
  readonly first: Int32Array;
  readonly share: Float32Array;
}

/**
 * Makes pictures smaller, those of another shape with black bars; its memory is used again for each. Only 8 bit 4:2:0 planes are scaled here.
 *
 * A canvas would do the same, but leaves a full-sized copy of each picture in shared memory for a while (8 MB for 1080p,
 * 33 MB for 4K) and turns the colours to RGB and back.
 */
export class PictureScaler {
  #stored = new Uint8Array(0);
  #rows = new Float32Array(0);
  readonly #weights = new Map<string, Weights>();

  /** colorSpace: that of films that state none; turn: how pictures are finished, null where they stay as stored. */
  constructor(
    private readonly to: Size,
    private readonly colorSpace: VideoColorSpaceInit | null,
    private readonly turn: Turn | null,
  ) {}

  /** A smaller picture, as stored of size `to`, of one that is of `own` size in square pixels, or null where its pixels are stored in another way. */
  async scale(sample: VideoSample, own: Size, paint: Paint | null = null): Promise<VideoSample | null> {
    if (sample.format !== 'I420' && sample.format !== 'NV12') return null;
    const bytes = sample.allocationSize();
    if (this.#stored.length < bytes) this.#stored = new Uint8Array(bytes);
    const layout = await sample.copyTo(this.#stored);
    const { width: fullWidth, height: fullHeight } = sample.visibleRect;
    const { width, height } = this.to;
    const inner = innerRect(own, this.to);
    const innerHalf = { width: inner.width >> 1, height: inner.height >> 1 };
    const lumaAt = inner.y * width + inner.x;
    const chromaAt = (inner.y >> 1) * (width >> 1) + (inner.x >> 1);
    const from = { width: (fullWidth + 1) >> 1, height: (fullHeight + 1) >> 1 };
    const half = { width: width >> 1, height: height >> 1 };
    const made = new Uint8Array(width * height + 2 * half.width * half.height);
    if (inner.width < width || inner.height < height) {
      made.fill(sample.colorSpace.fullRange ? 0 : BLACK, 0, width * height);
      made.fill(GREY, width * height);
    }
    const [luma, chroma, second] = layout;
    if (!luma || !chroma) return null;
    this.#scalePlane(luma, 1, { width: fullWidth, height: fullHeight }, made, lumaAt, inner, width);
    const blueAt = width * height;
    const redAt = blueAt + half.width * half.height;
    if (second) {
      this.#scalePlane(chroma, 1, from, made, blueAt + chromaAt, innerHalf, half.width);
      this.#scalePlane(second, 1, from, made, redAt + chromaAt, innerHalf, half.width);
    } else {
      this.#scalePlane(chroma, 2, from, made, blueAt + chromaAt, innerHalf, half.width);
      this.#scalePlane({ ...chroma, offset: chroma.offset + 1 }, 2, from, made, redAt + chromaAt, innerHalf, half.width);
    }
    const colorSpace = this.colorSpace ?? sample.colorSpace.toJSON();
    const finished = this.turn ? finish(made, this.to, this.turn, colorSpace) : { ...this.to, planes: made, colorSpace };
    paint?.(finished.planes, finished);
    return asSample(sample, finished);
  }

  #scalePlane(plane: PlaneLayout, step: number, from: Size, made: Uint8Array, madeAt: number, to: Size, madeStride: number): void {
    if (from.width === to.width && from.height === to.height) return this.#copyPlane(plane, step, made, madeAt, to, madeStride);
    const across = this.#weightsFor(from.width, to.width);
    const down = this.#weightsFor(from.height, to.height);
    if (this.#rows.length < to.width * from.height) this.#rows = new Float32Array(to.width * from.height);
    const rows = this.#rows;
    const stored = this.#stored;
    for (let y = 0; y < from.height; y++) {
      const rowAt = plane.offset + y * plane.stride;
      for (let x = 0; x < to.width; x++) {
        let sum = 0;
        let at = rowAt + across.first[x]! * step;
        for (let tap = x * across.taps, end = tap + across.taps; tap < end; tap++, at += step) {
          sum += across.share[tap]! * stored[at]!;
        }
        rows[y * to.width + x] = sum;
      }
    }
    for (let y = 0; y < to.height; y++) {
      for (let x = 0; x < to.width; x++) {
        let sum = 0.5;
        let at = down.first[y]! * to.width + x;
        for (let tap = y * down.taps, end = tap + down.taps; tap < end; tap++, at += to.width) {
          sum += down.share[tap]! * rows[at]!;
        }
        made[madeAt + y * madeStride + x] = sum;
      }
    }
  }

  /** What the sums come to where nothing is made smaller, without taking them: a film of 720 lines or fewer is only encoded anew. */
  #copyPlane({ offset, stride }: PlaneLayout, step: number, made: Uint8Array, madeAt: number, { width, height }: Size, madeStride: number): void {
    const stored = this.#stored;
    for (let y = 0; y < height; y++) {
      const from = offset + y * stride;
      const to = madeAt + y * madeStride;
      if (step === 1) made.set(stored.subarray(from, from + width), to);
      else for (let x = 0; x < width; x++) made[to + x] = stored[from + x * step]!;
    }
  }

  #weightsFor(from: number, to: number): Weights {
    const key = `${from}/${to}`;
    const known = this.#weights.get(key);
    if (known) return known;
    const made = areaWeights(from, to);
    this.#weights.set(key, made);
    return made;
  }
}

/** Each result value is the mean of the stretch of source values it covers, the outermost counted in part. */
export function areaWeights(from: number, to: number): Weights {
  const ratio = from / to;
  const taps = Math.min(from, Math.ceil(ratio) + 1);
  const first = new Int32Array(to);
  const share = new Float32Array(to * taps);
  for (let n = 0; n < to; n++) {
    const start = n * ratio;
    const end = start + ratio;
    first[n] = Math.min(Math.floor(start), from - taps);
    for (let tap = 0; tap < taps; tap++) {
      const at = first[n]! + tap;
      share[n * taps + tap] = Math.max(0, Math.min(at + 1, end) - Math.max(at, start)) / ratio;
    }
  }
  return { taps, first, share };
}

/** A picture as a sample that is shown when `shown` is. */
export function asSample(shown: VideoSample, { planes, width, height, colorSpace }: Finished): VideoSample {
  const { timestamp, duration } = shown;
  return new VideoSample(planes, { format: 'I420', codedWidth: width, codedHeight: height, timestamp, duration, colorSpace });
}
