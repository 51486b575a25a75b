/**
 * What an MP4 or QuickTime file itself says of its tracks: which stretches of each are shown and when (its edit list),
 * how many descriptions its pictures have, whether they are protected.
 *
 * The demuxer follows the first edit only, without its end, so the index is read here as well: ISO/IEC 14496-12, 8.2 to
 * 8.6. Only the boxes named below are read, never the film.
 */

import { FilmProblem } from '../problem';
import type { ReadBytes } from './bytes';

const HEAD_BYTES = 16;
const MOST_BOXES = 10_000;
const MOST_TABLE_BYTES = 16 << 20;
const WHOLE_RATE = 0x10000;
const NOTHING_SHOWN = -1;
/** What comes before the boxes in a description of pictures. */
const PICTURE_ENTRY_BYTES = 78;
const LEAST_STRETCH = 0.01;
const PROTECTED = ['encv', 'enca', 'drms', 'drmi'];

/** A stretch of a track's media that is shown, in ticks of the track. */
export interface Piece {
  /** The media's own clock: shown are samples with `fromTicks <= sample < toTicks`. */
  readonly fromTicks: number;
  readonly toTicks: number;
  /** When it begins on the movie's clock. */
  readonly atTicks: number;
}

export interface TrackTimeline {
  readonly id: number;
  /** `vide`, `soun`, … */
  readonly kind: string;
  readonly enabled: boolean;
  readonly ticksPerSecond: number;
  /** What its head says, in its ticks; 0 of a film in fragments. */
  readonly durationTicks: number;
  /** What the movie's head says of the length of it all. */
  readonly movieS: number;
  /** In the order shown; null where there is no edit list, and everything is shown. */
  readonly pieces: readonly Piece[] | null;
  /** Parts are slowed, sped up, or left standing: a rate other than 1, or nothing shown for a while between parts. */
  readonly paced: boolean;
  /** Taken from the media's clock, gives the demuxer's, which knows the first edit only. */
  readonly demuxerOffset: number;
  /** Of those listed, how many descriptions (codec, size, parameter sets) its samples use. */
  readonly descriptions: number;
  readonly isProtected: boolean;
  /** How much wider than high its pixels are by the track's head; 1 where its description tells it; null where neither does. */
  readonly pixelAspect: number | null;
  /** Whether it lists key frames; a film without such a list says that each picture is one. */
  readonly hasKeyList: boolean;
  readonly isFragmented: boolean;
  /** How many are listed in its head; 0 where all are in fragments. */
  readonly samplesInHead: number;
}

/**
 * The tracks of the film that `read` reads; null where it is no MP4 or QuickTime file, or has no index.
 * Throws FilmProblem film_not_opened where some samples are listed in its head and more come in fragments: the demuxer
 * (mediabunny 1.61), like Firefox 153, sees those of the head only and takes them for all.
 */
export async function readTimelines(read: ReadBytes): Promise<TrackTimeline[] | null> {
  for await (const box of boxes(read, 0, Infinity)) {
    if (box.type !== 'moov') continue;
    const tracks = await readMovie(read, box);
    const goesOn = tracks.some((track) => track.isFragmented && track.samplesInHead > 0) && (await hasFragment(read, box.to));
    if (goesOn) throw new FilmProblem('film_not_opened', 'begins in its head and goes on in fragments');
    return tracks;
  }
  return null;
}

async function hasFragment(read: ReadBytes, from: number): Promise<boolean> {
  for await (const { type } of boxes(read, from, Infinity)) if (type === 'moof') return true;
  return false;
}

export interface Box {
  readonly type: string;
  /** Where its content begins, and ends. */
  readonly from: number;
  readonly to: number;
}

interface Clock {
  readonly ticksPerSecond: number;
  readonly durationTicks: number;
}

interface Edit {
  /** In the movie's ticks. */
  readonly duration: number;
  readonly mediaTime: number;
  readonly rate: number;
}

/** The boxes between two places, in order; ends where what stands there is none. */
export async function* boxes(read: ReadBytes, from: number, to: number): AsyncGenerator<Box> {
  for (let at = from, count = 0; at + 8 <= to && count < MOST_BOXES; count++) {
    const head = await read(at, HEAD_BYTES);
    if (head.length < 8) return;
    const view = viewOf(head);
    let length = view.getUint32(0);
    let content = at + 8;
    if (length === 1 && head.length === HEAD_BYTES) {
      length = Number(view.getBigUint64(8));
      content += 8;
    } else if (length === 0) length = to - at;
    const type = String.fromCharCode(...head.subarray(4, 8));
    if (length < content - at || !/^[\x20-\x7e\xa9]{4}$/.test(type)) return;
    yield { type, from: content, to: Math.min(to, at + length) };
    at += length;
  }
}

async function readMovie(read: ReadBytes, moov: Box): Promise<TrackTimeline[]> {
  let movie = { ticksPerSecond: 0, durationTicks: 0 };
  let fragmented = false;
  const tracks: Box[] = [];
  for await (const box of boxes(read, moov.from, moov.to)) {
    if (box.type === 'mvhd') movie = (await readClock(read, box)) ?? movie;
    if (box.type === 'mvex') fragmented = true;
    if (box.type === 'trak') tracks.push(box);
  }
  const found: TrackTimeline[] = [];
  for (const track of tracks) {
    const timeline = await readTrack(read, track, movie, fragmented);
    if (timeline) found.push(timeline);
  }
  return found;
}

async function readTrack(read: ReadBytes, trak: Box, movie: Clock, fragmented: boolean): Promise<TrackTimeline | null> {
  const named = await findBoxes(read, trak, ['tkhd', 'edts', 'mdia']);
  const media = named['mdia'] && (await findBoxes(read, named['mdia'], ['mdhd', 'hdlr', 'minf']));
  const clock = media?.['mdhd'] && (await readClock(read, media['mdhd']));
  const ticksPerSecond = clock?.ticksPerSecond;
  if (!named['tkhd'] || !media || !ticksPerSecond) return null;
  const head = await content(read, named['tkhd'], 96);
  const list = named['edts'] && (await findBoxes(read, named['edts'], ['elst']))['elst'];
  const edits = list ? parseEdits(await content(read, list)) : null;
  const table = media['minf'] && (await findBoxes(read, media['minf'], ['stbl']))['stbl'];
  const samples = table ? await findBoxes(read, table, ['stsd', 'stsc', 'stss', 'stsz', 'stz2']) : {};
  const sizes = samples['stsz'] ?? samples['stz2'];
  return {
    id: viewOf(head).getUint32(head[0] === 1 ? 20 : 12),
    kind: media['hdlr'] ? String.fromCharCode(...(await content(read, media['hdlr'], 12)).subarray(8)) : '',
    enabled: (head[3]! & 1) === 1,
    ticksPerSecond,
    durationTicks: clock!.durationTicks,
    movieS: movie.ticksPerSecond ? movie.durationTicks / movie.ticksPerSecond : 0,
    ...placeEdits(edits, movie.ticksPerSecond, ticksPerSecond, fragmented),
    descriptions: samples['stsc'] ? countDescriptions(await content(read, samples['stsc'])) : 1,
    isProtected: samples['stsd'] !== undefined && (await isProtected(read, samples['stsd'])),
    pixelAspect: samples['stsd'] ? pixelAspectOf(head, await readPictureSize(read, samples['stsd'])) : 1,
    hasKeyList: samples['stss'] !== undefined,
    isFragmented: fragmented,
    samplesInHead: sizes ? viewOf(await content(read, sizes, 12)).getUint32(8) : 0,
  };
}

/** The first box of each of these kinds within another. */
export async function findBoxes(read: ReadBytes, within: Box, kinds: readonly string[]): Promise<Record<string, Box>> {
  const found: Record<string, Box> = {};
  for await (const box of boxes(read, within.from, within.to)) {
    if (kinds.includes(box.type)) found[box.type] ??= box;
  }
  return found;
}

export async function content(read: ReadBytes, box: Box, most = MOST_TABLE_BYTES): Promise<Uint8Array> {
  return read(box.from, Math.min(most, box.to - box.from));
}

/** The ticks a second of an `mvhd` or `mdhd`, and how many of them. */
async function readClock(read: ReadBytes, box: Box): Promise<Clock | null> {
  const bytes = await content(read, box, 32);
  const long = bytes[0] === 1;
  const at = long ? 20 : 12;
  if (bytes.length < at + (long ? 12 : 8)) return null;
  const view = viewOf(bytes);
  return { ticksPerSecond: view.getUint32(at), durationTicks: long ? Number(view.getBigUint64(at + 4)) : view.getUint32(at + 4) };
}

function parseEdits(bytes: Uint8Array): Edit[] {
  const view = viewOf(bytes);
  const long = bytes[0] === 1;
  const size = long ? 20 : 12;
  const count = bytes.length < 8 ? 0 : Math.min(view.getUint32(4), Math.floor((bytes.length - 8) / size));
  return Array.from({ length: count }, (_, n) => {
    const at = 8 + n * size;
    return {
      duration: long ? Number(view.getBigUint64(at)) : view.getUint32(at),
      mediaTime: long ? Number(view.getBigInt64(at + 8)) : view.getInt32(at + 4),
      rate: view.getInt32(at + size - 4),
    };
  });
}

/** Edits put on the movie's clock, each length rounded to ticks of the track, as ffmpeg and the browsers do. */
export function placeEdits(
  edits: readonly Edit[] | null,
  moviesTicks: number,
  ticksPerSecond: number,
  fragmented: boolean,
): Pick<TrackTimeline, 'pieces' | 'paced' | 'demuxerOffset'> {
  if (!edits?.length || !moviesTicks) return { pieces: null, paced: false, demuxerOffset: 0 };
  const pieces: Piece[] = [];
  let paced = false;
  let atMovie = 0;
  const onTrack = (movieTicks: number): number => Math.round((movieTicks * ticksPerSecond) / moviesTicks);
  for (const { duration, mediaTime, rate } of edits) {
    const ticks = onTrack(duration);
    const atTicks = onTrack(atMovie);
    if (mediaTime === NOTHING_SHOWN) {
      paced ||= pieces.length > 0 && duration > 0;
    } else {
      paced ||= rate !== WHOLE_RATE;
      // A film in fragments does not know its length when this is written, and says 0 (8.6.6.1).
      const open = duration === 0 && fragmented;
      const last = pieces.at(-1);
      // Two edits that follow on in the media are one piece.
      if (last && last.toTicks === mediaTime && !open) pieces[pieces.length - 1] = { ...last, toTicks: mediaTime + ticks };
      else pieces.push({ fromTicks: mediaTime, toTicks: open ? Infinity : mediaTime + ticks, atTicks });
    }
    atMovie += duration;
  }
  const [first] = pieces;
  // What the demuxer does with a list whose first edit it does not follow: nothing.
  const followed = first && edits.find(({ mediaTime }) => mediaTime !== NOTHING_SHOWN)?.rate === WHOLE_RATE;
  return { pieces, paced, demuxerOffset: followed ? first.fromTicks - first.atTicks : 0 };
}

/** How many of a track's descriptions its chunks use: `stsc` names one for each run of chunks. */
function countDescriptions(bytes: Uint8Array): number {
  const view = viewOf(bytes);
  const used = new Set<number>();
  const count = bytes.length < 8 ? 0 : Math.min(view.getUint32(4), Math.floor((bytes.length - 8) / 12));
  for (let n = 0; n < count; n++) used.add(view.getUint32(8 + n * 12 + 8));
  return Math.max(1, used.size);
}

/** The size of the pictures as stored; null where their description tells the shape of the pixels itself (`pasp`). */
async function readPictureSize(read: ReadBytes, stsd: Box): Promise<{ width: number; height: number } | null> {
  for await (const { from, to } of boxes(read, stsd.from + 8, stsd.to)) {
    const entry = await read(from, PICTURE_ENTRY_BYTES);
    if (entry.length < PICTURE_ENTRY_BYTES) return null;
    const { pasp } = await findBoxes(read, { type: '', from: from + PICTURE_ENTRY_BYTES, to }, ['pasp']);
    return pasp ? null : { width: viewOf(entry).getUint16(24), height: viewOf(entry).getUint16(26) };
  }
  return null;
}

/**
 * The shape of the pixels by the head of a track, as FFmpeg and with it Chromium reads it: its matrix stretches one side,
 * or the size at which it is to be shown is of another shape than the pictures (DV and its like in QuickTime).
 */
function pixelAspectOf(tkhd: Uint8Array, stored: { width: number; height: number } | null): number | null {
  const at = tkhd[0] === 1 ? 52 : 40;
  if (!stored?.width || !stored.height || tkhd.length < at + 44) return 1;
  const view = viewOf(tkhd);
  const scale = (column: number): number => Math.hypot(view.getInt32(at + 4 * column), view.getInt32(at + 4 * (column + 3)));
  const stretched = scale(0) / scale(1);
  if (Number.isFinite(stretched) && Math.abs(stretched - 1) > LEAST_STRETCH) return stretched;
  const [width, height] = [view.getUint32(at + 36) >> 16, view.getUint32(at + 40) >> 16];
  return width && height && width * stored.height !== height * stored.width ? (width * stored.height) / (height * stored.width) : null;
}

async function isProtected(read: ReadBytes, stsd: Box): Promise<boolean> {
  for await (const box of boxes(read, stsd.from + 8, stsd.to)) if (PROTECTED.includes(box.type)) return true;
  return false;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** How long a track is on the movie's clock, in seconds; null where its head does not say. */
export function trackEndS({ pieces, durationTicks, ticksPerSecond }: TrackTimeline): number | null {
  const last = pieces?.at(-1);
  const ticks = last ? last.atTicks + last.toTicks - last.fromTicks : durationTicks;
  return ticks > 0 && Number.isFinite(ticks) ? ticks / ticksPerSecond : null;
}
