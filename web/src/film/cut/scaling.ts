/** Decoded pictures made smaller plane by plane, without leaving their own colours. */

import { VideoSample } from 'mediabunny';

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** For each result position: where its first source value lies and how much each of `taps` values counts. */
interface Weights {
  readonly taps: number;
  readonly first: Int32Array;
  readonly share: Float32Array;
}

/**
 * Makes pictures of one size smaller; its memory is used again for each. Only 8 bit 4:2:0 planes are scaled here.
 *
 * A canvas would do the same, but leaves a full-sized copy of each picture in shared memory for a while (8 MB for 1080p,
 * 33 MB for 4K) and turns the colours to RGB and back.
 */
export class PictureScaler {
  #stored = new Uint8Array(0);
  #rows = new Float32Array(0);
  readonly #weights = new Map<string, Weights>();

  constructor(private readonly to: Size) {}

  /** A smaller picture with the same time and colours, or null where its pixels are stored in another way. */
  async scale(sample: VideoSample): Promise<VideoSample | null> {
    if (sample.format !== 'I420' && sample.format !== 'NV12') return null;
    const bytes = sample.allocationSize();
    if (this.#stored.length < bytes) this.#stored = new Uint8Array(bytes);
    const layout = await sample.copyTo(this.#stored);
    const { width: fullWidth, height: fullHeight } = sample.visibleRect;
    const { width, height } = this.to;
    const from = { width: (fullWidth + 1) >> 1, height: (fullHeight + 1) >> 1 };
    const half = { width: width >> 1, height: height >> 1 };
    const made = new Uint8Array(width * height + 2 * half.width * half.height);
    const [luma, chroma, second] = layout;
    if (!luma || !chroma) return null;
    this.#scalePlane(luma, 1, { width: fullWidth, height: fullHeight }, made, 0, this.to);
    const blueAt = width * height;
    const redAt = blueAt + half.width * half.height;
    if (second) {
      this.#scalePlane(chroma, 1, from, made, blueAt, half);
      this.#scalePlane(second, 1, from, made, redAt, half);
    } else {
      this.#scalePlane(chroma, 2, from, made, blueAt, half);
      this.#scalePlane({ ...chroma, offset: chroma.offset + 1 }, 2, from, made, redAt, half);
    }
    return new VideoSample(made, {
      format: 'I420',
      codedWidth: width,
      codedHeight: height,
      timestamp: sample.timestamp,
      duration: sample.duration,
      colorSpace: sample.colorSpace,
    });
  }

  #scalePlane(plane: PlaneLayout, step: number, from: Size, made: Uint8Array, madeAt: number, to: Size): void {
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
        made[madeAt + y * to.width + x] = sum;
      }
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
