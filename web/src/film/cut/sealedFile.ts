/**
 * Cuts as they lie in the browser's private file system: AES-256 in counter mode, since a muxer writes a file's head
 * after its body. Each file has a key of its own, derived from its film's by a salt in the file's first bytes; the
 * service, which verifies every moment it gets, finds what was changed.
 */

import type { FileBytes, KeyFinder, SealKey } from '../types';

/** A file's head: what it is, which key its own comes from, and the salt. By what it is one knows how long the key's id is. */
const KINDS: readonly { magic: string; idBytes: number }[] = [{ magic: 'vigcut1\n', idBytes: 8 }, { magic: 'vigcut2\n', idBytes: 32 }];
const MAGIC_BYTES = 8;
const SALT_BYTES = 16;
const LONGEST_HEAD_BYTES = MAGIC_BYTES + 32 + SALT_BYTES;
const BLOCK_BYTES = 16;

/** A new file's head and the key that its bytes are sealed with. */
export async function newSeal(by: SealKey): Promise<{ head: Uint8Array<ArrayBuffer>; key: CryptoKey }> {
  const salt = crypto.getRandomValues(new Uint8Array(SALT_BYTES));
  const kind = KINDS.find(({ idBytes }) => idBytes === by.id.length)!;
  const head = new Uint8Array([...new TextEncoder().encode(kind.magic + by.id), ...salt]);
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
    private readonly headBytes: number,
  ) {
    this.size = file.size - headBytes;
  }

  slice(from: number, to: number): { arrayBuffer(): Promise<ArrayBuffer> } {
    const end = Math.min(to, this.size);
    return {
      arrayBuffer: async () => {
        const stored = await this.file.slice(this.headBytes + from, this.headBytes + end).arrayBuffer();
        const opened = await applySeal(this.key, new Uint8Array(stored), from);
        return opened.buffer.slice(opened.byteOffset);
      },
    };
  }
}

/** The file itself where it is not sealed, as those of earlier versions; null where `keyOf` has not the key that opens it. */
export async function openSealed(file: Blob, keyOf: KeyFinder): Promise<FileBytes | null> {
  const head = new Uint8Array(await file.slice(0, LONGEST_HEAD_BYTES).arrayBuffer());
  const text = new TextDecoder('latin1');
  const kind = KINDS.find(({ magic, idBytes }) => text.decode(head.subarray(0, MAGIC_BYTES)) === magic && head.length >= MAGIC_BYTES + idBytes + SALT_BYTES);
  if (!kind) return file;
  const end = MAGIC_BYTES + kind.idBytes;
  const by = await keyOf(text.decode(head.subarray(MAGIC_BYTES, end)));
  return by ? new SealedFile(file, await deriveKey(by, head.slice(end, end + SALT_BYTES)), end + SALT_BYTES) : null;
}

function deriveKey({ key }: SealKey, salt: Uint8Array<ArrayBuffer>): Promise<CryptoKey> {
  const info = new TextEncoder().encode('vigpack cut');
  return crypto.subtle.deriveKey({ name: 'HKDF', hash: 'SHA-256', salt, info }, key, { name: 'AES-CTR', length: 256 }, false, ['encrypt']);
}
