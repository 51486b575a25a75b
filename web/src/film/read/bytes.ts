/** A film's bytes, a range at a time: from this machine, or over HTTP from the service. */

import type { FileBytes, RemoteFilm } from '../types';

const BLOCK_BYTES = 1 << 16;
const MOST_BLOCKS = 64;

/** The bytes from `at`, `length` of them or fewer at the end. */
export type ReadBytes = (at: number, length: number) => Promise<Uint8Array<ArrayBuffer>>;

/** A reader of `from` that asks for blocks of 64 KiB and keeps the last few; large ranges are read as they are. */
export function bytesOf(from: FileBytes | RemoteFilm): ReadBytes {
  const read = isRemote(from) ? readRemote(from) : readFile(from);
  const kept = new Map<number, Promise<Uint8Array<ArrayBuffer>>>();
  const block = (number: number): Promise<Uint8Array<ArrayBuffer>> => {
    const found = kept.get(number) ?? read(number * BLOCK_BYTES, BLOCK_BYTES);
    kept.delete(number);
    kept.set(number, found);
    if (kept.size > MOST_BLOCKS) kept.delete(kept.keys().next().value!);
    return found;
  };
  return async (at, length) => {
    if (length > BLOCK_BYTES) return read(at, length);
    const first = Math.floor(at / BLOCK_BYTES);
    const last = Math.floor((at + Math.max(1, length) - 1) / BLOCK_BYTES);
    const start = at - first * BLOCK_BYTES;
    const head = await block(first);
    if (first === last) return head.slice(start, start + length);
    const tail = await block(last);
    const both = new Uint8Array(head.length + tail.length);
    both.set(head);
    both.set(tail, head.length);
    return both.slice(start, start + length);
  };
}

export const isRemote = (from: FileBytes | RemoteFilm): from is RemoteFilm => 'url' in from;

function readFile(file: FileBytes): ReadBytes {
  return async (at, length) => new Uint8Array(await file.slice(at, at + length).arrayBuffer());
}

function readRemote({ url, headers }: RemoteFilm): ReadBytes {
  return async (at, length) => {
    const answer = await fetch(url, { headers: { ...headers, Range: `bytes=${at}-${at + length - 1}` } });
    // Asked for beyond its end.
    if (answer.status === 416) return new Uint8Array();
    if (answer.status !== 206) throw new TypeError(`${answer.status} instead of a range`);
    return new Uint8Array(await answer.arrayBuffer());
  };
}
