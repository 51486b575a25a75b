/** The last step of a lighter picture: upright and in BT.709 at video levels, as the service's finished clips are. */

import type { Rotation } from 'mediabunny';

import type { Size } from '../read/look';
import type { FilmSource } from '../read/source';

/** How a stored picture becomes upright: turned clockwise, then mirrored left to right. */
export interface Turn {
  readonly rotation: Rotation;
  readonly flip: boolean;
}

/** What the finished pictures say of their colours. */
export const BT709: VideoColorSpaceInit = { matrix: 'bt709', primaries: 'bt709', transfer: 'bt709', fullRange: false };

/** What red and blue count in brightness: ITU-T H.273, table 4. */
const WEIGHTS: Partial<Record<string, readonly [red: number, blue: number]>> = {
  bt709: [0.2126, 0.0722],
  bt470bg: [0.299, 0.114],
  smpte170m: [0.299, 0.114],
};
/** Of these the service only changes the matrix, too. */
const SAME_PRIMARIES = ['bt709', 'bt470bg', 'smpte170m'];
const HD_LINES = 720;
const OTHER_LIGHT = ['pq', 'hlg', 'linear'];

/** What brightness, blue and red as stored count in the new value, and what is added. */
type Row = readonly [number, number, number, number];
/** Brightness, blue and red out of those that are stored otherwise. */
export type ToBt709 = readonly [Row, Row, Row];

/**
 * The colours of a film that states none, by the rule that the service has for it: BT.601 below 720 lines. A decoder's
 * own guess would be written into the cut as if the film had said so.
 */
export async function colorsByRule(film: FilmSource, size: Size): Promise<VideoColorSpaceInit | null> {
  const stated = await film.video.getColorSpace();
  if (stated.matrix) return null;
  const matrix = Math.min(size.width, size.height) < HD_LINES ? 'smpte170m' : 'bt709';
  return { matrix, primaries: stated.primaries ?? 'bt709', transfer: stated.transfer ?? 'bt709', fullRange: stated.fullRange ?? false };
}

/** How pictures with these colours become BT.709 at video levels: null where they are; undefined where that is not for us to do. */
export function toBt709(colors: VideoColorSpaceInit): ToBt709 | null | undefined {
  const from = WEIGHTS[colors.matrix ?? ''];
  const isUsual = SAME_PRIMARIES.includes(colors.primaries ?? 'bt709') && !OTHER_LIGHT.includes(colors.transfer ?? 'bt709');
  if (!from || !isUsual) return undefined;
  if (colors.matrix === 'bt709' && !colors.fullRange) return null;
  const [red, blue] = from;
  const [toRed, toBlue] = WEIGHTS.bt709!;
  const green = 1 - red - blue;
  // Rows: R, G, B out of brightness and the differences, each from -0.5 to 0.5.
  const rgb = [
    [1, 0, 2 * (1 - red)],
    [1, (-2 * blue * (1 - blue)) / green, (-2 * red * (1 - red)) / green],
    [1, 2 * (1 - blue), 0],
  ] as const;
  const weigh = (weights: readonly number[]): [number, number, number] =>
    [0, 1, 2].map((column) => weights.reduce((sum, weight, row) => sum + weight * rgb[row]![column]!, 0)) as [number, number, number];
  const light = [toRed, 1 - toRed - toBlue, toBlue];
  const blueness = light.map((weight, row) => ((row === 2 ? 1 : 0) - weight) / (2 * (1 - toBlue)));
  const redness = light.map((weight, row) => ((row === 0 ? 1 : 0) - weight) / (2 * (1 - toRed)));
  const [span, colorSpan, floor] = colors.fullRange ? ([255, 255, 0] as const) : ([219, 224, 16] as const);
  const row = ([y, b, r]: readonly [number, number, number], outSpan: number, outFloor: number): Row => {
    const [ky, kb, kr] = [(y * outSpan) / span, (b * outSpan) / colorSpan, (r * outSpan) / colorSpan];
    return [ky, kb, kr, outFloor - ky * floor - (kb + kr) * 128];
  };
  return [row(weigh(light), 219, 16), row(weigh(blueness), 224, 128), row(weigh(redness), 224, 128)];
}

/** An I420 picture, and what it says of its colours. */
export interface Finished extends Size {
  readonly planes: Uint8Array;
  readonly colorSpace: VideoColorSpaceInit;
}

/** An I420 picture as it should be seen; `planes` may be written over. Colours that are not for us to change stay. */
export function finish(planes: Uint8Array, size: Size, turn: Turn, colorSpace: VideoColorSpaceInit): Finished {
  const change = toBt709(colorSpace);
  if (change) recolor(planes, size, change);
  const half = { width: size.width >> 1, height: size.height >> 1 };
  const [luma, chroma] = [size.width * size.height, half.width * half.height];
  const upright = turn.rotation % 180 === 0 ? size : { width: size.height, height: size.width };
  if (turn.rotation || turn.flip) {
    const parts = [
      turnPlane(planes.subarray(0, luma), size, turn),
      turnPlane(planes.subarray(luma, luma + chroma), half, turn),
      turnPlane(planes.subarray(luma + chroma), half, turn),
    ];
    let at = 0;
    for (const part of parts) {
      planes.set(part, at);
      at += part.length;
    }
  }
  return { ...upright, planes, colorSpace: change === undefined ? colorSpace : BT709 };
}

/** A plane turned, then mirrored. `size` is that of the plane as stored. */
export function turnPlane<Plane extends Uint8Array | number[]>(plane: Plane, { width, height }: Size, { rotation, flip }: Turn): Plane {
  if (!rotation && !flip) return plane;
  const across = rotation % 180 === 0 ? width : height;
  const place = (x: number, y: number): number => {
    const [toX, toY] = { 0: [x, y], 90: [height - 1 - y, x], 180: [width - 1 - x, height - 1 - y], 270: [y, width - 1 - x] }[rotation];
    return (flip ? across - 1 - toX! : toX!) + toY! * across;
  };
  const right = place(1, 0) - place(0, 0);
  const made = plane.slice() as Plane;
  for (let y = 0, from = 0; y < height; y++) {
    for (let x = 0, to = place(0, y); x < width; x++, to += right) made[to] = plane[from++]!;
  }
  return made;
}

/** Changes the colours of an I420 picture whose sides are even. */
function recolor(planes: Uint8Array, { width, height }: Size, [luma, blues, reds]: ToBt709): void {
  const half = { width: width >> 1, height: height >> 1 };
  const blueAt = width * height;
  const redAt = blueAt + half.width * half.height;
  const clamp = (value: number): number => (value < 0 ? 0 : value > 255 ? 255 : value + 0.5);
  for (let y = 0, at = 0; y < half.height; y++) {
    for (let x = 0; x < half.width; x++, at++) {
      const blue = planes[blueAt + at]!;
      const red = planes[redAt + at]!;
      const first = 2 * y * width + 2 * x;
      const added = luma[1] * blue + luma[2] * red + luma[3];
      let sum = 0;
      for (const place of [first, first + 1, first + width, first + width + 1]) {
        const value = planes[place]!;
        sum += value;
        planes[place] = clamp(luma[0] * value + added);
      }
      planes[blueAt + at] = clamp((blues[0] * sum) / 4 + blues[1] * blue + blues[2] * red + blues[3]);
      planes[redAt + at] = clamp((reds[0] * sum) / 4 + reds[1] * blue + reds[2] * red + reds[3]);
    }
  }
}

/** An I420 picture out of RGBA pixels, in BT.709 at video levels; sides are even. */
export function fromRgba(rgba: Uint8ClampedArray, { width, height }: Size): Uint8Array {
  const [red, blue] = WEIGHTS.bt709!;
  const half = { width: width >> 1, height: height >> 1 };
  const made = new Uint8Array(width * height + 2 * half.width * half.height);
  const blueAt = width * height;
  const redAt = blueAt + half.width * half.height;
  for (let y = 0, at = 0; y < half.height; y++) {
    for (let x = 0; x < half.width; x++, at++) {
      const first = 2 * y * width + 2 * x;
      let [reds, light, blues] = [0, 0, 0];
      for (const place of [first, first + 1, first + width, first + width + 1]) {
        const [r, g, b] = [rgba[4 * place]!, rgba[4 * place + 1]!, rgba[4 * place + 2]!];
        const y709 = red * r + (1 - red - blue) * g + blue * b;
        made[place] = 16.5 + (219 / 255) * y709;
        reds += r;
        light += y709;
        blues += b;
      }
      made[blueAt + at] = 128.5 + ((224 / 255) * (blues - light)) / (8 * (1 - blue));
      made[redAt + at] = 128.5 + ((224 / 255) * (reds - light)) / (8 * (1 - red));
    }
  }
  return made;
}
