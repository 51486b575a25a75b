/** What Matroska and WebM say of a track that the demuxer passes over. */

import type { FileBytes } from '../types';

export const EBML = 0x1a45dfa3;
export const SEGMENT = 0x18538067;
const TRACKS = 0x1654ae6b;
export const CLUSTER = 0x1f43b675;
const TRACK_ENTRY = 0xae;
const TRACK_NUMBER = 0xd7;
const CODEC_DELAY = 0x56aa;
const VIDEO = 0xe0;
const DISPLAY_UNIT = 0x54b2;
const UNKNOWN_UNIT = 4;
const MOST_TRACKS_BYTES = 1 << 20;
const MOST_ELEMENTS = 64;
export const LONGEST_HEAD_BYTES = 12;
const NANOSECONDS = 1e9;

export interface Element {
  readonly id: number;
  /** Where its content begins, and how long it is; null where the file does not say. */
  readonly at: number;
  readonly length: number | null;
}

/** By how many seconds the stored times of a track lie after its sound; 0 where the file says nothing of it. */
export async function codecDelay(file: FileBytes, trackNumber: number): Promise<number> {
  const track = await findTrack(file, trackNumber);
  return track ? (numberIn(track, CODEC_DELAY) ?? 0) / NANOSECONDS : 0;
}

/** Whether the file says that the shape of a track's pixels is not known to it; where it says nothing, they are square. */
export async function leavesShapeOpen(file: FileBytes, trackNumber: number): Promise<boolean> {
  const track = await findTrack(file, trackNumber);
  for (const fact of track ? elements(track) : []) {
    if (fact.id === VIDEO) return numberIn(within(track!, fact), DISPLAY_UNIT) === UNKNOWN_UNIT;
  }
  return false;
}

async function findTrack(file: FileBytes, trackNumber: number): Promise<DataView | null> {
  const tracks = await findTracks(file);
  for (const entry of tracks ? elements(tracks) : []) {
    const track = within(tracks!, entry);
    if (entry.id === TRACK_ENTRY && numberIn(track, TRACK_NUMBER) === trackNumber) return track;
  }
  return null;
}

function numberIn(content: DataView, id: number): number | null {
  for (const fact of elements(content)) if (fact.id === id) return unsigned(within(content, fact));
  return null;
}

async function findTracks(file: FileBytes): Promise<DataView | null> {
  let at = 0;
  for (let count = 0; count < MOST_ELEMENTS && at < file.size; count++) {
    const head = new DataView(await file.slice(at, at + LONGEST_HEAD_BYTES).arrayBuffer());
    const found = readHead(head, 0);
    if (!found || found.id === CLUSTER) return null;
    const contentAt = at + found.at;
    if (found.id === TRACKS) {
      const bytes = Math.min(found.length ?? MOST_TRACKS_BYTES, MOST_TRACKS_BYTES);
      return new DataView(await file.slice(contentAt, contentAt + bytes).arrayBuffer());
    }
    if (found.id === SEGMENT) at = contentAt;
    else if (found.length === null) return null;
    else at = contentAt + found.length;
  }
  return null;
}

function* elements(content: DataView): Generator<Element> {
  for (let at = 0; at < content.byteLength; ) {
    const found = readHead(content, at);
    if (!found || found.length === null) return;
    yield found;
    at = found.at + found.length;
  }
}

function within(content: DataView, { at, length }: Element): DataView {
  const end = Math.min(content.byteLength, at + (length ?? 0));
  return new DataView(content.buffer, content.byteOffset + at, Math.max(0, end - at));
}

/** The head of an element at a place; null where none is. */
export function readHead(bytes: DataView, at: number): Element | null {
  const id = readNumber(bytes, at, true);
  const length = id && readNumber(bytes, id.end, false);
  if (!id || !length) return null;
  return { id: id.value, at: length.end, length: length.unknown ? null : length.value };
}

/** A number of one to eight bytes whose leading zero bits tell how many; an id keeps the marking bit. */
function readNumber(
  bytes: DataView,
  at: number,
  keepMark: boolean,
): { value: number; end: number; unknown: boolean } | null {
  if (at >= bytes.byteLength) return null;
  const first = bytes.getUint8(at);
  const size = Math.clz32(first) - 23;
  if (size > 8 || at + size > bytes.byteLength) return null;
  const mark = 0x80 >> (size - 1);
  let value = keepMark ? first : first & (mark - 1);
  let full = (first & (mark - 1)) === mark - 1;
  for (let n = 1; n < size; n++) {
    const byte = bytes.getUint8(at + n);
    value = value * 256 + byte;
    full &&= byte === 0xff;
  }
  return { value, end: at + size, unknown: full };
}

function unsigned(bytes: DataView): number {
  let value = 0;
  for (let at = 0; at < Math.min(8, bytes.byteLength); at++) value = value * 256 + bytes.getUint8(at);
  return value;
}
