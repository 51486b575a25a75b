/**
 * Whether another film was put behind the first one in one file as it is: readers show the first only, or mix them up.
 * The service refuses the same ones (pipeline/source/joined.py).
 *
 * Of MP4, MOV, Matroska, WebM and FLV. Transport streams have a look of their own (transport.ts); of AVI and program
 * streams the service reads on behind the join.
 */

import type { FileBytes } from '../types';
import type { ReadBytes } from './bytes';
import { readFragment } from './fragments';
import { CLUSTER, EBML, LONGEST_HEAD_BYTES, SEGMENT, readHead } from './matroska';
import { boxes, content, findBoxes, type Box } from './timeline';

const MOST_INDEX_BYTES = 64 << 20;
const INDEX_WINDOW_BYTES = 1 << 12;
/** A recording that does not say how long its parts are is read to its end. */
const OPEN_WINDOW_BYTES = 1 << 20;
const FLV_HEAD_BYTES = 13;
const FLV_TAG_HEAD_BYTES = 11;
const MATROSKA_START = '1a45dfa3';
const FLV_START = '464c56';

export async function isJoined(file: FileBytes): Promise<boolean> {
  const head = new Uint8Array(await file.slice(0, 4).arrayBuffer());
  const start = [...head].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  if (start.startsWith(FLV_START)) return isJoinedFlv(readerOf(file, OPEN_WINDOW_BYTES), file.size);
  if (start === MATROSKA_START) return isJoinedMatroska(readerOf(file, OPEN_WINDOW_BYTES), file.size);
  return isJoinedMp4(readerOf(file, INDEX_WINDOW_BYTES));
}

/** Reads so many bytes at once, out of which small ranges that lie beside each other are given. */
function readerOf(file: FileBytes, windowBytes: number): ReadBytes {
  let from = 0;
  let window = new Uint8Array();
  return async (at, length) => {
    if (at < from || at + length > from + window.length) {
      from = at;
      window = new Uint8Array(await file.slice(at, at + Math.max(length, windowBytes)).arrayBuffer());
    }
    return window.slice(at - from, at - from + length);
  };
}

/**
 * The same head once more, with clocks that go on in the fragments behind it, is how some programs write one film. Where
 * the clocks of fragments go back, a recorder began anew, or parts of a stream were put together in another order.
 */
async function isJoinedMp4(read: ReadBytes): Promise<boolean> {
  let first: Uint8Array | null = null;
  let firstBox: Box | null = null;
  const begun = new Map<number, number>();
  for await (const box of boxes(read, 0, Infinity)) {
    if (box.type === 'moov') {
      const index = await content(read, box, MOST_INDEX_BYTES);
      if (!first) [first, firstBox] = [index, box];
      else if (!areEqual(first, index) && !(await areOneFilm(read, firstBox!, box))) return true;
    } else if (box.type === 'moof' && first) {
      for (const { track, begins } of await readFragment(read, box)) {
        if (begins !== null && begins < (begun.get(track) ?? 0)) return true;
        begun.set(track, begins ?? 0);
      }
    }
  }
  return false;
}

async function areOneFilm(read: ReadBytes, first: Box, other: Box): Promise<boolean> {
  const [a, b] = [await descriptionsIn(read, first), await descriptionsIn(read, other)];
  return a !== null && b !== null && a.length === b.length && a.every((one, n) => areEqual(one, b[n]!));
}

/** Of each track, how its samples are to be decoded; null of a film that is not in fragments. */
async function descriptionsIn(read: ReadBytes, moov: Box): Promise<Uint8Array[] | null> {
  const found: Uint8Array[] = [];
  let inFragments = false;
  for await (const box of boxes(read, moov.from, moov.to)) {
    inFragments ||= box.type === 'mvex';
    if (box.type !== 'trak') continue;
    let at: Box | undefined = box;
    for (const kind of ['mdia', 'minf', 'stbl', 'stsd']) at = at && (await findBoxes(read, at, [kind]))[kind];
    found.push(at ? await content(read, at) : new Uint8Array());
  }
  return inFragments ? found : null;
}

async function isJoinedMatroska(read: ReadBytes, size: number): Promise<boolean> {
  let heads = 0;
  for (let at = 0; at < size; ) {
    const found = readHead(new DataView((await read(at, LONGEST_HEAD_BYTES)).buffer), 0);
    if (!found) return false;
    if (found.id === EBML && ++heads > 1) return true;
    // What lies inside is looked at only where it does not say how long it is.
    if (found.length === null && found.id !== SEGMENT && found.id !== CLUSTER) return false;
    at += found.at + (found.length ?? 0);
  }
  return false;
}

async function isJoinedFlv(read: ReadBytes, size: number): Promise<boolean> {
  for (let at = FLV_HEAD_BYTES; at + FLV_TAG_HEAD_BYTES <= size; ) {
    const head = await read(at, FLV_TAG_HEAD_BYTES);
    if (String.fromCharCode(...head.subarray(0, 3)) === 'FLV') return true;
    at += FLV_TAG_HEAD_BYTES + ((head[1]! << 16) | (head[2]! << 8) | head[3]!) + 4;
  }
  return false;
}

function areEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, n) => byte === b[n]);
}
