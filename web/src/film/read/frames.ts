/**
 * When the frames of a film are shown, and where decoding must begin to see them.
 *
 * Stored ticks are the demuxer's; film ticks those of the film's own clock, which knows nothing of what was cut out.
 */

import type { EncodedPacket, EncodedPacketSink } from 'mediabunny';

import { FilmProblem } from '../problem';
import type { FilmClock } from './clock';
import { entryKind, type NalUnits } from './nalUnits';
import { filmFromOf, isShown, pieceIndexAt, type Piece } from './pieces';
import type { FilmSource } from './source';
import { STANDS_S, heardUntilTicks } from './standing';

const METADATA_ONLY = { metadataOnly: true } as const;
/** Frames stored before ones shown earlier: H.264 and HEVC allow 16 at most. */
const MOST_REORDERED = 16;
const TAIL_S = 2;
const USUAL_FPS = 25;
const LONGEST_PICTURE_S = 10;
const LONGER = 1.5;
/** Looked at for the first one that decoding can begin with. */
const MOST_FALSE_STARTS = 64;

/** What it takes to read the packets of a film. */
export interface Reading {
  readonly pictures: EncodedPacketSink;
  readonly clock: FilmClock;
  /** Of H.264 and HEVC: how its pictures are stored; null for other codecs. */
  readonly nalUnits: NalUnits | null;
  /** Of VP9 and AV1 without a list of key frames: whether a picture is one; null where the container's word is good. */
  readonly isKeyFrame: ((data: Uint8Array) => boolean) | null;
}

/** The last key frame at or before `storedTicks`, as the container marks them; `withData`: its data is read too. */
export async function keyframeBefore(film: Reading, storedTicks: number, withData = false): Promise<EncodedPacket> {
  const { pictures, clock } = film;
  const options = withData ? {} : METADATA_ONLY;
  // Where a WebM has no cues, the demuxer sees only the cluster around the time, so ever earlier ones are asked.
  for (let back = 0; back === 0 || clock.seekSeconds(storedTicks) - back > 0; back = back * 2 || 0.5) {
    let found = await pictures.getKeyPacket(clock.seekSeconds(storedTicks) - back, options);
    if (!found) continue;
    for (;;) {
      const next: EncodedPacket | null = back ? await pictures.getNextKeyPacket(found, options) : null;
      if (!next || clock.ticks(next.timestamp) > storedTicks) return found;
      found = next;
    }
  }
  const first = await pictures.getFirstPacket(options);
  if (!first) throw new FilmProblem('film_unreadable', 'no picture');
  return first;
}

/** The picture at or before `storedTicks` from which everything at or after it can really be decoded; its data is read. */
export async function decodeEntryPoint(film: Reading, storedTicks: number): Promise<EncodedPacket> {
  for (let from = storedTicks; ; ) {
    const key = await keyframeBefore(film, from, true);
    const keyTicks = film.clock.ticks(key.timestamp);
    if (beginsDecoding(film, key)) return key;
    // Nothing earlier: what the film begins with must do.
    if (keyTicks > from || (await isFirst(film, key))) return key;
    from = keyTicks - 1;
  }
}

/** Whether a packet, whose data is read, leans on no other. */
export function beginsDecoding(film: Reading, key: EncodedPacket): boolean {
  return film.nalUnits ? entryKind(key.data, film.nalUnits) !== null : (film.isKeyFrame?.(key.data) ?? true);
}

async function isFirst(film: Reading, packet: EncodedPacket): Promise<boolean> {
  return (await film.pictures.getFirstPacket(METADATA_ONLY))?.sequenceNumber === packet.sequenceNumber;
}

/**
 * The stored tick of the first picture that a piece shows; null where it shows none.
 *
 * A film that begins in the middle of a group (a recorder switched on late, a stream cut by bytes) begins with the first
 * picture that decoding can begin with: what is stored before it, or shown before it in an open group, cannot be decoded.
 */
export async function findFirstShown(film: Reading, piece: Piece): Promise<number | null> {
  const { pictures, clock } = film;
  const begin = await firstEntryPoint(film);
  if (!begin) return null;
  const isLeading = clock.ticks(begin.timestamp) < piece.storedFrom;
  const start = isLeading ? await decodeEntryPoint(film, piece.storedFrom) : begin;
  const isOpen = film.nalUnits !== null && entryKind(begin.data, film.nalUnits) === 'open';
  const from = isOpen ? Math.max(piece.storedFrom, clock.ticks(begin.timestamp)) : piece.storedFrom;
  let first = Infinity;
  let later = 0;
  for await (const packet of pictures.packets(start, undefined, METADATA_ONLY)) {
    const ticks = clock.ticks(packet.timestamp);
    if (ticks < from) continue;
    first = Math.min(first, ticks);
    if (++later > MOST_REORDERED) break;
  }
  return isShown(piece, first) ? first : null;
}

/** Whether a film begins with a picture that is no refresh, as what is cut out of open groups does. */
export async function beginsOpen(film: Reading): Promise<boolean> {
  const begin = await firstEntryPoint(film);
  return begin !== null && film.nalUnits !== null && entryKind(begin.data, film.nalUnits) === 'open';
}

/** The first picture that decoding can begin with; the first of all where none is marked. Its data is read. */
async function firstEntryPoint(film: Reading): Promise<EncodedPacket | null> {
  const first = await film.pictures.getFirstPacket();
  let key = first?.type === 'key' ? first : first && (await film.pictures.getNextKeyPacket(first));
  for (let tried = 0; key && tried < MOST_FALSE_STARTS; tried++) {
    if (beginsDecoding(film, key)) return key;
    key = await film.pictures.getNextKeyPacket(key);
  }
  return first;
}

/** The pictures that a part of a film needs, all of one piece. */
export interface FrameRange {
  readonly piece: Piece;
  /** Where decoding begins; its data is read. */
  readonly entry: EncodedPacket;
  /** How many pictures, in the order stored from `entry` on, are needed, and as many more as leave no gap. */
  readonly count: number;
  /** Film ticks of those that are shown, in the order shown; some after the end, which others lean on. */
  readonly shown: readonly number[];
  /** The film tick of the first picture at or after the end; null at the end of the film. */
  readonly next: number | null;
  /** Whether pictures that were cut out of the film are among those needed. */
  readonly leansOnHidden: boolean;
}

/**
 * The pictures from `entry`, else the entry point at or before `fromTicks`, to the last shown before `toTicks`, both in
 * film ticks, within the piece that `fromTicks` lies in. Those from `neededTicks` on are left out where they lean on
 * pictures that were cut out of the film.
 */
export async function findFrameRange(
  film: FilmSource,
  fromTicks: number,
  toTicks: number,
  entry?: EncodedPacket,
  neededTicks = toTicks,
): Promise<FrameRange> {
  const index = pieceIndexAt(film.pieces, fromTicks);
  const piece = film.pieces[index]!;
  entry ??= await decodeEntryPoint(film, fromTicks - piece.shift);
  const baseTicks = film.clock.ticks(entry.timestamp);
  const endTicks = Math.min(toTicks - piece.shift, piece.storedTo);
  const stored: number[] = [];
  let count = 0;
  let needed = 0;
  let later = 0;
  let next = Infinity;
  for await (const packet of film.pictures.packets(entry, undefined, METADATA_ONLY)) {
    const ticks = film.clock.ticks(packet.timestamp);
    stored.push(ticks);
    if (ticks + piece.shift < neededTicks && isShown(piece, ticks)) needed = stored.length;
    if (ticks < endTicks) {
      count = stored.length;
    } else {
      if (isShown(piece, ticks)) next = Math.min(next, ticks);
      if (++later > MOST_REORDERED) break;
    }
  }
  const hidden = stored.findIndex((ticks) => ticks >= piece.storedTo);
  if (hidden >= 0 && count > hidden && needed <= hidden) count = closedGopEnd(stored, hidden) === hidden ? hidden : needed;
  count = closedGopEnd(stored, count);
  // Pictures shown before the entry point lean on ones that are left out.
  const carried = stored.slice(0, count).filter((ticks) => ticks >= baseTicks);
  const shown = carried.filter((ticks) => isShown(piece, ticks)).map((ticks) => ticks + piece.shift);
  const after = film.pieces[index + 1];
  return {
    piece,
    entry,
    count,
    shown: sortedOnce(shown),
    next: next < Infinity ? next + piece.shift : after ? filmFromOf(after) : null,
    leansOnHidden: carried.some((ticks) => !isShown(piece, ticks)),
  };
}

/** The film ticks of the pictures shown from `fromTicks` to before `toTicks`, in order. */
export async function frameTicksBetween(film: FilmSource, fromTicks: number, toTicks: number): Promise<number[]> {
  const found: number[] = [];
  for (const [index, piece] of film.pieces.entries()) {
    const after = film.pieces[index + 1];
    const from = Math.max(fromTicks, filmFromOf(piece));
    const to = Math.min(toTicks, after ? filmFromOf(after) : Infinity);
    if (from >= to) continue;
    const { shown } = await findFrameRange(film, from, to);
    found.push(...shown.filter((ticks) => ticks >= from && ticks < to));
  }
  return found;
}

/** The film tick of the picture on screen at `ms`. */
export async function frameTickAt(film: FilmSource, ms: number): Promise<number> {
  const endTicks = film.clock.ticksAt(ms + 1);
  const { shown, piece } = await findFrameRange(film, endTicks - 1, endTicks);
  return shown.findLast((ticks) => ticks < endTicks) ?? filmFromOf(piece);
}

/** Where the picture of a film tick is stored, in seconds for a look-up. */
export function seekSecondsOf(film: FilmSource, filmTicks: number): number {
  return film.clock.seekSeconds(filmTicks - film.pieces[pieceIndexAt(film.pieces, filmTicks)]!.shift);
}

/** Whether an edit list keeps pictures back that the file still holds. */
export async function holdsHidden(film: FilmSource): Promise<boolean> {
  const [first, ...more] = film.pieces;
  if (more.length || !film.isEdited) return more.length > 0;
  const earliest = await film.pictures.getFirstPacket(METADATA_ONLY);
  const latest = await film.pictures.getPacket(Number.MAX_SAFE_INTEGER / film.clock.ticksPerSecond, METADATA_ONLY);
  return [earliest, latest].some((packet) => packet !== null && !isShown(first!, film.clock.ticks(packet.timestamp)));
}

/** The film tick at which the last picture ends. */
export async function findEndTicks(film: FilmSource): Promise<number> {
  return (await findEnd(film)).endTicks;
}

/**
 * The film tick at which the last picture ends, and whether only the container says that it stands longer than others do.
 * What that says is believed where it can be true; else it stands as long as pictures hereabouts do.
 */
export async function findEnd(film: FilmSource): Promise<{ endTicks: number; standsByWord: boolean }> {
  const { clock } = film;
  const piece = film.pieces.at(-1)!;
  const whole = clock.ticks(await film.video.computeDuration());
  const from = filmFromOf(piece);
  const end = Math.min(whole, piece.storedTo) + piece.shift;
  // In fragments the picture stored last need not be the last one shown, nor last for as long as it is said to.
  const until = piece.storedTo === Infinity ? Infinity : end + 1;
  const tail = await frameTicksBetween(film, Math.max(from, end - TAIL_S * clock.ticksPerSecond), until);
  const last = tail.at(-1) ?? (await findFrameRange(film, end - 1, end)).shown.findLast((ticks) => ticks < end) ?? from;
  const gaps = tail.slice(1).map((ticks, index) => ticks - tail[index]!).sort((a, b) => a - b);
  const usual = gaps[gaps.length >> 1] ?? clock.ticksPerSecond / USUAL_FPS;
  const ownEnd = await statedEnd(film, piece, last, usual);
  const stated = piece.storedTo === Infinity ? Math.max(whole + piece.shift, ownEnd) : ownEnd;
  const length = stated - last;
  const isBelieved = length >= usual / 2 && length <= LONGEST_PICTURE_S * clock.ticksPerSecond;
  const shownUntil = isBelieved ? stated : last + Math.round(usual);
  const heardUntil = await heardUntilTicks(film);
  if (heardUntil - shownUntil > STANDS_S * clock.ticksPerSecond) return { endTicks: heardUntil, standsByWord: false };
  return { endTicks: shownUntil, standsByWord: shownUntil - last > LONGER * usual };
}

/** An edit that ends while a picture stands does not shorten it, as ffmpeg has it, unless it stands much longer than others. */
async function statedEnd(film: FilmSource, piece: Piece, last: number, usual: number): Promise<number> {
  const packet = await film.pictures.getPacket(film.clock.seekSeconds(last - piece.shift), METADATA_ONLY);
  const end = last + (packet ? film.clock.ticks(packet.duration) : 0);
  return end - last > 2 * usual ? Math.min(end, piece.storedTo + piece.shift) : end;
}

/**
 * The first place at or after `count` in the order stored where everything before is shown before everything after, so
 * that what ends there has no gap; `count` itself where none is near.
 */
function closedGopEnd(stored: readonly number[], count: number): number {
  let latest = stored.slice(0, count).reduce((most, ticks) => Math.max(most, ticks), -Infinity);
  for (let end = count; end < stored.length; end++) {
    if (end > 0 && stored.slice(end).every((ticks) => ticks > latest)) return end;
    latest = Math.max(latest, stored[end]!);
  }
  return count;
}

function sortedOnce(ticks: number[]): number[] {
  return [...new Set(ticks)].sort((a, b) => a - b);
}
