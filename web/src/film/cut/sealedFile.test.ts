import { describe, expect, it } from 'vitest';

import type { KeyFinder, SealKey } from '../types';
import { applySeal, newSeal, openSealed, SealedFile } from './sealedFile';

const keyNamed = async (id: string): Promise<SealKey> => ({ id, key: await crypto.subtle.importKey('raw', new Uint8Array(32).fill(id.charCodeAt(0)), 'HKDF', false, ['deriveKey']) });
const having = (...keys: SealKey[]): KeyFinder => (id) => Promise.resolve(keys.find((one) => one.id === id));
const ACCOUNT = 'aaaaaaaa';
const FILM = 'f'.repeat(32);
const bytes = (length: number, from = 0): Uint8Array<ArrayBuffer> => Uint8Array.from({ length }, (_, at) => (from + at) % 251);

/** A file written as a muxer does: its body first, then its head, then the length within it. */
async function written(by: SealKey): Promise<Blob> {
  const { head, key } = await newSeal(by);
  const stored = new Uint8Array(head.length + 1000);
  stored.set(head);
  const write = async (data: Uint8Array<ArrayBuffer>, at: number): Promise<void> => stored.set(await applySeal(key, data, at), head.length + at);
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
  it.each([ACCOUNT, FILM])('reads at every place as it was written, in whatever order, by key %s', async (id) => {
    const by = await keyNamed(id);
    const file = (await openSealed(await written(by), having(await keyNamed('bbbbbbbb'), by)))!;
    expect(file).toBeInstanceOf(SealedFile);
    expect(file.size).toBe(1000);
    for (const [from, to] of [[0, 1000], [0, 16], [3, 21], [16, 17], [512, 900], [990, 2000]] as const) {
      expect(new Uint8Array(await file.slice(from, to).arrayBuffer())).toEqual(plain().slice(from, to));
    }
  });

  it('is another in each file, and opens by its own key only', async () => {
    const by = await keyNamed('aaaaaaaa');
    const [one, other] = [await written(by), await written(by)];
    const body = async (file: Blob): Promise<string> => Buffer.from(await file.slice(32).arrayBuffer()).toString('hex');
    expect(await body(one)).not.toBe(await body(other));
    expect(await openSealed(one, having(await keyNamed('bbbbbbbb')))).toBeNull();
    expect(await openSealed(await written(await keyNamed(FILM)), () => Promise.resolve(null))).toBeNull();
  });

  it('is told from what an earlier version left plain', async () => {
    for (const length of [0, 5, 100]) {
      const plainFile = new Blob([bytes(length)]);
      expect(await openSealed(plainFile, having())).toBe(plainFile);
    }
  });
});
