import { describe, expect, it } from 'vitest';

import { copyPicture, type HeldPicture } from './planes';

/** Four by two at 10 and a stride of 5, its colours at 30 and 40. */
const HELD: HeldPicture = { width: 4, height: 2, chromaWidth: 2, chromaHeight: 1, bits: 10, strides: [5, 3], begins: [10, 30, 40] };

function memory(bits: number): Uint16Array {
  return Uint16Array.from({ length: 50 }, (_, at) => at << (bits - 8));
}

describe('a picture out of the memory of the decoder', () => {
  it.each([8, 10])('of %d bits has its planes one after the other', (bits) => {
    const { bytes, format } = copyPicture(memory(bits), { ...HELD, bits });
    expect(format).toBe('I420');
    expect([...new Uint8Array(bytes)]).toEqual([10, 11, 12, 13, 15, 16, 17, 18, 30, 31, 40, 41]);
  });

  it('without colours is grey', () => {
    const { bytes, format } = copyPicture(memory(8), { ...HELD, bits: 8, chromaWidth: 0, chromaHeight: 0 });
    expect(format).toBe('I420');
    expect([...new Uint8Array(bytes).subarray(8)]).toEqual([128, 128, 128, 128]);
  });

  it.each([
    [4, 2, 'I444', 24],
    [2, 2, 'I422', 16],
  ] as const)('keeps colours of %d by %d', (chromaWidth, chromaHeight, format, length) => {
    const found = copyPicture(memory(8), { ...HELD, bits: 8, strides: [5, 4], chromaWidth, chromaHeight });
    expect([found.format, found.bytes.byteLength]).toEqual([format, length]);
  });
});
