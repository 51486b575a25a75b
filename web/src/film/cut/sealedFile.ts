/**
 * Cuts as they lie in the browser's private file system: AES-256 in counter mode, since a muxer writes a file's head
 * after its body. Each file has a key of its own, derived from the account's by a salt in the file's first bytes; the
 * service, which verifies every moment it gets, finds what was changed.
 */

import type { FileBytes, SealKey } from '../types';

/** A file's head: what it is, which key its own comes from, and the salt. */
const MAGIC = new TextEncoder().encode('vigcut1\n');
const KEY_ID_BYTES = 8;
const SALT_BYTES = 16;
export const HEAD_BYTES = MAGIC.length + KEY_ID_BYTES + SALT_BYTES;
const BLOCK_BYTES = 16;

/** A new file's head and the key that its bytes are sealed with. */
export async function newSeal(by: SealKey): Promise<{ head: Uint8Array<ArrayBuffer>; key: CryptoKey }> {
  const salt = crypto.getRandomValues(new Uint8Array(SALT_BYTES));
  const head = new Uint8Array(HEAD_BYTES);
  head.set(MAGIC);
  head.set(new TextEncoder().encode(by.id), MAGIC.length);
  head.set(salt, MAGIC.length + KEY_ID_BYTES);
  return { head, key: await deriveKey(by, salt) };
}

/** `data`, which lies at `position` of what is sealed, sealed; or, the same, opened. */
export async function applySeal(key: CryptoKey, data: Uint8Array<ArrayBuffer>, position: number): Promise<Uint8Array<ArrayBuffer>> {
  const before = position % BLOCK_BYTES;
  const padded = new Uint8Array(before + data.length);
  padded.set(data, before);
  const counter = new Uint8Array(BLOCK_BYTES);
  new DataView(counter.buffer).setBigUint64(BLOCK_BYTES / 2, BigInt((position - before) / BLOCK_BYTES));
  const done = await crypto.subtle.encrypt({ name: 'AES-CTR', counter, length: 64 }, key, padded);
  return new Uint8Array(done, before);
}

/** A sealed file, read as if it were plain. */
export class SealedFile implements FileBytes {
  readonly size: number;

  constructor(
    private readonly file: Blob,
    private readonly key: CryptoKey,
  ) {
    this.size = file.size - HEAD_BYTES;
  }

  slice(from: number, to: number): { arrayBuffer(): Promise<ArrayBuffer> } {
    const end = Math.min(to, this.size);
    return {
      arrayBuffer: async () => {
        const stored = await this.file.slice(HEAD_BYTES + from, HEAD_BYTES + end).arrayBuffer();
        const opened = await applySeal(this.key, new Uint8Array(stored), from);
        return opened.buffer.slice(opened.byteOffset);
      },
    };
  }
}

/** The file itself where it is not sealed, as those of earlier versions; null where none of the keys opens it. */
export async function openSealed(file: Blob, keys: readonly SealKey[]): Promise<FileBytes | null> {
  const head = new Uint8Array(await file.slice(0, HEAD_BYTES).arrayBuffer());
  if (head.length < HEAD_BYTES || MAGIC.some((byte, at) => head[at] !== byte)) return file;
  const id = new TextDecoder().decode(head.subarray(MAGIC.length, MAGIC.length + KEY_ID_BYTES));
  const by = keys.find((one) => one.id === id);
  return by ? new SealedFile(file, await deriveKey(by, head.subarray(MAGIC.length + KEY_ID_BYTES))) : null;
}

function deriveKey({ key }: SealKey, salt: Uint8Array<ArrayBuffer>): Promise<CryptoKey> {
  const info = new TextEncoder().encode('vigpack cut');
  return crypto.subtle.deriveKey({ name: 'HKDF', hash: 'SHA-256', salt, info }, key, { name: 'AES-CTR', length: 256 }, false, ['encrypt']);
}
