/** A film opened for reading: its tracks, its clock, and where decoding can begin. Runs in pages, workers and Node. */

import {
  BlobSource,
  EncodedPacketSink,
  Input,
  LogLevel,
  Logging,
  MATROSKA,
  MP4,
  MPEG_TS,
  QTFF,
  UrlSource,
  WEBM,
  type EncodedPacket,
  type InputAudioTrack,
  type InputVideoTrack,
} from 'mediabunny';

import { FilmClock } from './clock';
import { FilmProblem, asFilmProblem } from '../problem';
import { isIntraPicture } from './h264';
import type { RemoteFilm } from '../types';
import { diagnoseUnreadable } from './sniff';

/** Containers of films. Playlists, which name other files, are not among them. */
const FORMATS = [MP4, QTFF, MATROSKA, WEBM, MPEG_TS];
const METADATA_ONLY = { metadataOnly: true } as const;
/** Frames stored before ones shown earlier: H.264 and HEVC allow 16 at most. */
const MOST_REORDERED = 16;
const MOVING_FPS = 4;
const TAIL_S = 2;
const USUAL_FPS = 25;
const LONGEST_PICTURE_S = 10;
const CACHE_BYTES = 8 << 20;
const MOST_RETRIES = 3;

export interface FilmSource {
  readonly input: Input;
  /** Null: it is at the service, and only looked at. */
  readonly file: Blob | null;
  readonly video: InputVideoTrack;
  /** The sound that belongs to the picture; null where there is none. */
  readonly audio: InputAudioTrack | null;
  readonly pictures: EncodedPacketSink;
  readonly clock: FilmClock;
  /** Of H.264: the size of its NAL units' length fields, null for start codes; undefined for other codecs. */
  readonly lengthBytes: number | null | undefined;
}

// What it would tell a developer's console is told in our own words where it matters.
Logging.level = LogLevel.Errors;

/** The film in `from`, its index read but little else. Throws FilmProblem. Dispose `input` when done. */
export async function openSource(from: Blob | RemoteFilm): Promise<FilmSource> {
  const file = from instanceof Blob ? from : null;
  const input = new Input({ source: sourceOf(from), formats: FORMATS });
  try {
    return await describe(input, file);
  } catch (error) {
    input.dispose();
    throw asFilmProblem(error);
  }
}

export function sourceOf(from: Blob | RemoteFilm): BlobSource | UrlSource {
  if (!(from instanceof Blob)) {
    const getRetryDelay = (earlier: number): number | null => (earlier < MOST_RETRIES ? 1 : null);
    return new UrlSource(from.url, { requestInit: { headers: from.headers }, maxCacheSize: 4 * CACHE_BYTES, getRetryDelay });
  }
  // Reading slices instead of streams avoids a fault of Chrome on Windows, and reads only what is asked for.
  return new BlobSource(from, { useStreamReader: false, maxCacheSize: CACHE_BYTES });
}

async function describe(input: Input, file: Blob | null): Promise<FilmSource> {
  if (!(await input.canRead())) throw await whyNot(file);
  const videos = await input.getVideoTracks();
  if (videos.length === 0) {
    if ((await input.getFormat()) === MPEG_TS) throw new FilmProblem('film_not_opened', 'a codec is not known');
    throw (await input.getAudioTracks()).length > 0 ? new FilmProblem('no_picture') : await whyNot(file);
  }
  const video = await chooseVideoTrack(videos);
  const sounds = await input.getAudioTracks({ filter: (track) => video.canBePairedWith(track) });
  const audio = (await firstDefault(sounds)) ?? null;
  const pictures = new EncodedPacketSink(video);
  const ticksPerSecond = await video.getTimeResolution();
  const zeroTicks = await firstShownTicks(pictures, ticksPerSecond);
  const clock = new FilmClock(ticksPerSecond, zeroTicks);
  return { input, file, video, audio, pictures, clock, lengthBytes: await nalLengthBytes(video) };
}

async function whyNot(file: Blob | null): Promise<FilmProblem> {
  return file ? diagnoseUnreadable(file) : new FilmProblem('film_unreadable', 'at the service');
}

/** The moving picture: not a cover nor the few frames of a motion photo, else the one with most pixels. */
async function chooseVideoTrack(tracks: InputVideoTrack[]): Promise<InputVideoTrack> {
  if (tracks.length === 1) return tracks[0]!;
  const ranked = await Promise.all(
    tracks.map(async (track) => {
      const { averagePacketRate } = await track.computePacketStats(60);
      const seconds = (await track.getDurationFromMetadata()) ?? 0;
      const pixels = (await track.getCodedWidth()) * (await track.getCodedHeight());
      return { track, moving: averagePacketRate >= MOVING_FPS, seconds, pixels };
    }),
  );
  const longest = Math.max(...ranked.map(({ seconds }) => seconds));
  ranked.sort(
    (a, b) =>
      Number(b.moving) - Number(a.moving) ||
      Number(b.seconds >= longest / 2) - Number(a.seconds >= longest / 2) ||
      b.pixels - a.pixels,
  );
  return ranked[0]!.track;
}

async function nalLengthBytes(video: InputVideoTrack): Promise<number | null | undefined> {
  if ((await video.getCodec()) !== 'avc') return undefined;
  const description = (await video.getDecoderConfig())?.description;
  if (!description) return null;
  const record = ArrayBuffer.isView(description)
    ? new Uint8Array(description.buffer, description.byteOffset, description.byteLength)
    : new Uint8Array(description);
  return (record[4]! & 3) + 1;
}

async function firstDefault(tracks: InputAudioTrack[]): Promise<InputAudioTrack | undefined> {
  for (const track of tracks) if ((await track.getDisposition()).default) return track;
  return tracks[0];
}

/** The tick of the first picture shown. Those before an edit list's start have negative times and are not shown. */
async function firstShownTicks(pictures: EncodedPacketSink, ticksPerSecond: number): Promise<number> {
  let first = Infinity;
  let shown = 0;
  for await (const packet of pictures.packets(undefined, undefined, METADATA_ONLY)) {
    const ticks = Math.round(packet.timestamp * ticksPerSecond);
    if (ticks < 0) continue;
    first = Math.min(first, ticks);
    if (++shown > MOST_REORDERED) break;
  }
  if (first === Infinity) throw new FilmProblem('film_unreadable', 'no picture');
  return first;
}

/** The last key picture at or before `ticks`, as the container marks them; `withData`: its data is read too. */
export async function keyframeBefore(film: FilmSource, ticks: number, withData = false): Promise<EncodedPacket> {
  const { pictures, clock } = film;
  const options = withData ? {} : METADATA_ONLY;
  // Where a WebM has no cues, the demuxer sees only the cluster around the time, so ever earlier ones are asked.
  for (let back = 0; back === 0 || clock.seekSeconds(ticks) - back > 0; back = back * 2 || 0.5) {
    let found = await pictures.getKeyPacket(clock.seekSeconds(ticks) - back, options);
    if (!found) continue;
    for (;;) {
      const next: EncodedPacket | null = back ? await pictures.getNextKeyPacket(found, options) : null;
      if (!next || clock.ticks(next.timestamp) > ticks) return found;
      found = next;
    }
  }
  const first = await pictures.getFirstPacket(options);
  if (!first) throw new FilmProblem('film_unreadable', 'no picture');
  return first;
}

/** The picture at or before `ticks` from which everything at or after it can really be decoded; its data is read. */
export async function decodeEntryPoint(film: FilmSource, ticks: number): Promise<EncodedPacket> {
  for (let from = ticks; ; ) {
    const key = await keyframeBefore(film, from, true);
    const keyTicks = film.clock.ticks(key.timestamp);
    if (film.lengthBytes === undefined || isIntraPicture(key.data, film.lengthBytes)) return key;
    // Nothing earlier: what the film begins with must do.
    if (keyTicks > from || (await isFirst(film, key))) return key;
    from = keyTicks - 1;
  }
}

async function isFirst(film: FilmSource, packet: EncodedPacket): Promise<boolean> {
  return (await film.pictures.getFirstPacket(METADATA_ONLY))?.sequenceNumber === packet.sequenceNumber;
}

/** The pictures that a stretch of film needs. */
export interface FrameRange {
  /** Where decoding begins; its data is read. */
  readonly entry: EncodedPacket;
  /** How many pictures, in the order stored from `entry` on, are needed, and as many more as leave no gap. */
  readonly count: number;
  /** Ticks of those that can be shown, in the order shown; some after the end, which others lean on. */
  readonly shown: readonly number[];
  /** The tick of the first picture at or after the end; null at the end of the film. */
  readonly next: number | null;
}

/** The pictures from `entry`, else the entry point at or before `fromTicks`, to the last shown before `toTicks`. */
export async function findFrameRange(
  film: FilmSource,
  fromTicks: number,
  toTicks: number,
  entry?: EncodedPacket,
): Promise<FrameRange> {
  entry ??= await decodeEntryPoint(film, fromTicks);
  const baseTicks = film.clock.ticks(entry.timestamp);
  const stored: number[] = [];
  let count = 0;
  let later = 0;
  let next = Infinity;
  for await (const packet of film.pictures.packets(entry, undefined, METADATA_ONLY)) {
    const ticks = film.clock.ticks(packet.timestamp);
    stored.push(ticks);
    if (ticks < toTicks) {
      count = stored.length;
    } else {
      next = Math.min(next, ticks);
      if (++later > MOST_REORDERED) break;
    }
  }
  count = closedGopEnd(stored, count);
  // Pictures shown before the entry point lean on ones that are left out.
  const shown = stored.slice(0, count).filter((ticks) => ticks >= baseTicks);
  return { entry, count, shown: sortedOnce(shown), next: next === Infinity ? null : next };
}

/** The ticks of the pictures shown from `fromTicks` to before `toTicks`, in order. */
export async function frameTicksBetween(film: FilmSource, fromTicks: number, toTicks: number): Promise<number[]> {
  const stretch = await findFrameRange(film, Math.max(fromTicks, film.clock.zeroTicks), toTicks);
  return stretch.shown.filter((ticks) => ticks >= fromTicks && ticks >= film.clock.zeroTicks && ticks < toTicks);
}

/** The tick of the picture on screen at `ms`. */
export async function frameTickAt(film: FilmSource, ms: number): Promise<number> {
  const endTicks = film.clock.ticksAt(ms + 1);
  const { shown } = await findFrameRange(film, endTicks - 1, endTicks);
  const visible = shown.filter((ticks) => ticks >= film.clock.zeroTicks && ticks < endTicks);
  return visible.at(-1) ?? film.clock.zeroTicks;
}

/**
 * The tick at which the last picture ends. What the container says of its length is believed where it can be true;
 * else it stands as long as pictures hereabouts do.
 */
export async function findEndTicks(film: FilmSource): Promise<number> {
  const { clock } = film;
  const stated = clock.ticks(await film.video.computeDuration());
  const tail = await frameTicksBetween(film, stated - TAIL_S * clock.ticksPerSecond, stated + 1);
  const last = tail.at(-1) ?? clock.zeroTicks;
  const gaps = tail.slice(1).map((ticks, index) => ticks - tail[index]!).sort((a, b) => a - b);
  const usual = gaps[gaps.length >> 1] ?? clock.ticksPerSecond / USUAL_FPS;
  const length = stated - last;
  return length >= usual / 2 && length <= LONGEST_PICTURE_S * clock.ticksPerSecond ? stated : last + Math.round(usual);
}

/**
 * The first place at or after `count` in the order stored where everything before is shown before everything after, so
 * that what ends there has no gap; `count` itself where none is near.
 */
export function closedGopEnd(stored: readonly number[], count: number): number {
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
