/** The planes of a decoded picture, taken out of the decoder's memory as eight bits each. */

import type { DecodedPicture } from './protocol';

/** A picture in the decoder's memory: two bytes a value, `bits` of them used; places and strides count values. */
export interface HeldPicture {
  readonly width: number;
  readonly height: number;
  /** 0 of a picture without colours. */
  readonly chromaWidth: number;
  readonly chromaHeight: number;
  readonly bits: number;
  readonly strides: readonly [luma: number, chroma: number];
  readonly begins: readonly [luma: number, blue: number, red: number];
}

const NO_COLOR = 128;

/** A copy of `held`; `memory` is the decoder's, as 16-bit values. */
export function copyPicture(memory: Uint16Array, held: HeldPicture): DecodedPicture {
  const { width, height, bits, strides, begins } = held;
  const isGrey = held.chromaWidth === 0;
  const [chromaWidth, chromaHeight] = isGrey ? [(width + 1) >> 1, (height + 1) >> 1] : [held.chromaWidth, held.chromaHeight];
  const format = chromaWidth === width ? 'I444' : chromaHeight === height ? 'I422' : 'I420';
  const bytes = new Uint8Array(width * height + 2 * chromaWidth * chromaHeight);
  const shift = bits - 8;
  let at = copyPlane(memory, begins[0], strides[0], width, height, shift, bytes, 0);
  if (isGrey) bytes.fill(NO_COLOR, at);
  else for (const begin of begins.slice(1)) at = copyPlane(memory, begin, strides[1], chromaWidth, chromaHeight, shift, bytes, at);
  return { bytes: bytes.buffer, width, height, format };
}

function copyPlane(memory: Uint16Array, begin: number, stride: number, width: number, height: number, shift: number, to: Uint8Array, at: number): number {
  for (let row = 0; row < height; row++) {
    const from = begin + row * stride;
    for (let column = 0; column < width; column++) to[at++] = memory[from + column]! >> shift;
  }
  return at;
}
