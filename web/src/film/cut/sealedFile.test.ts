import { describe, expect, it } from 'vitest';

import type { SealKey } from '../types';
import { applySeal, HEAD_BYTES, newSeal, openSealed, SealedFile } from './sealedFile';

const keyNamed = async (id: string): Promise<SealKey> => ({ id, key: await crypto.subtle.importKey('raw', new Uint8Array(32).fill(id.charCodeAt(0)), 'HKDF', false, ['deriveKey']) });
const bytes = (length: number, from = 0): Uint8Array<ArrayBuffer> => Uint8Array.from({ length }, (_, at) => (from + at) % 251);

/** A file written as a muxer does: its body first, then its head, then the length within it. */
async function written(by: SealKey): Promise<Blob> {
  const { head, key } = await newSeal(by);
  const stored = new Uint8Array(HEAD_BYTES + 1000);
  stored.set(head);
  const write = async (data: Uint8Array<ArrayBuffer>, at: number): Promise<void> => stored.set(await applySeal(key, data, at), HEAD_BYTES + at);
  await write(bytes(983, 17), 17);
  await write(bytes(17), 0);
  await write(new Uint8Array([9, 9, 9]), 5);
  return new Blob([stored]);
}

const plain = (): Uint8Array => {
  const whole = bytes(1000);
  whole.set([9, 9, 9], 5);
  return whole;
};

describe('a sealed file', () => {
  it('reads at every place as it was written, in whatever order', async () => {
    const by = await keyNamed('aaaaaaaa');
    const file = (await openSealed(await written(by), [await keyNamed('bbbbbbbb'), by]))!;
    expect(file).toBeInstanceOf(SealedFile);
    expect(file.size).toBe(1000);
    for (const [from, to] of [[0, 1000], [0, 16], [3, 21], [16, 17], [512, 900], [990, 2000]] as const) {
      expect(new Uint8Array(await file.slice(from, to).arrayBuffer())).toEqual(plain().slice(from, to));
    }
  });

  it('is another in each file, and opens by its own key only', async () => {
    const by = await keyNamed('aaaaaaaa');
    const [one, other] = [await written(by), await written(by)];
    const body = async (file: Blob): Promise<string> => Buffer.from(await file.slice(HEAD_BYTES).arrayBuffer()).toString('hex');
    expect(await body(one)).not.toBe(await body(other));
    expect(await openSealed(one, [await keyNamed('bbbbbbbb')])).toBeNull();
  });

  it('is told from what an earlier version left plain', async () => {
    for (const length of [0, 5, 100]) {
      const plainFile = new Blob([bytes(length)]);
      expect(await openSealed(plainFile, [])).toBe(plainFile);
    }
  });
});
