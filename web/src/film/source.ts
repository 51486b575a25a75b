/** A film opened for reading: its tracks, its clock, and where decoding can begin. Runs in pages, workers and Node. */

import {
  ALL_FORMATS,
  BlobSource,
  EncodedPacketSink,
  Input,
  type EncodedPacket,
  type InputAudioTrack,
  type InputVideoTrack,
} from 'mediabunny';

import { FilmClock } from './clock';
import { FilmProblem, asFilmProblem } from './problem';

const METADATA_ONLY = { metadataOnly: true } as const;
/** Frames stored before ones shown earlier: H.264 and HEVC allow 16 at most. */
const MOST_REORDERED = 16;
const MOVING_FPS = 4;
const CACHE_BYTES = 8 << 20;

export interface FilmSource {
  readonly input: Input;
  readonly bytes: number;
  readonly video: InputVideoTrack;
  /** The sound that belongs to the picture; null where there is none. */
  readonly audio: InputAudioTrack | null;
  readonly pictures: EncodedPacketSink;
  readonly clock: FilmClock;
  /** Whether the container marks every picture as a key picture, which is rarely true: then the pictures are asked. */
  readonly doubtKeys: boolean;
}

/** The film in `file`, its index read but little else. Throws FilmProblem. Dispose `input` when done. */
export async function openSource(file: Blob): Promise<FilmSource> {
  // Reading slices instead of streams avoids a fault of Chrome on Windows, and reads only what is asked for.
  const input = new Input({
    source: new BlobSource(file, { useStreamReader: false, maxCacheSize: CACHE_BYTES }),
    formats: ALL_FORMATS,
  });
  try {
    return await describe(input, file);
  } catch (error) {
    input.dispose();
    throw asFilmProblem(error);
  }
}

async function describe(input: Input, file: Blob): Promise<FilmSource> {
  if (!(await input.canRead())) throw new FilmProblem(await looksCutShort(file) ? 'film_cut_short' : 'not_a_film');
  const videos = await input.getVideoTracks();
  if (videos.length === 0) {
    const sound = (await input.getAudioTracks()).length > 0;
    if (sound) throw new FilmProblem('no_picture');
    throw new FilmProblem(await looksCutShort(file) ? 'film_cut_short' : 'film_unreadable', 'no track');
  }
  const video = await videoAPersonMeans(videos);
  const sounds = await input.getAudioTracks({ filter: (track) => video.canBePairedWith(track) });
  const audio = (await firstDefault(sounds)) ?? null;
  const pictures = new EncodedPacketSink(video);
  const ticksPerSecond = await video.getTimeResolution();
  const zeroTicks = await firstShownTicks(pictures, ticksPerSecond);
  const clock = new FilmClock(ticksPerSecond, zeroTicks);
  const doubtKeys = (await video.getCodec()) === 'avc' && (await video.hasOnlyKeyPackets());
  return { input, bytes: file.size, video, audio, pictures, clock, doubtKeys };
}

/** The moving picture: not a cover nor the few frames of a motion photo, else the one with most pixels. */
async function videoAPersonMeans(tracks: InputVideoTrack[]): Promise<InputVideoTrack> {
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

/** An MP4 whose index was to be written at the end, or in which a box is longer than the file. */
async function looksCutShort(file: Blob): Promise<boolean> {
  let at = 0;
  for (let boxes = 0; boxes < 64 && at + 8 <= file.size; boxes++) {
    const head = new DataView(await file.slice(at, at + 16).arrayBuffer());
    const kind = String.fromCharCode(...new Uint8Array(head.buffer, 4, 4));
    if (at === 0 && !['ftyp', 'moov', 'mdat', 'wide', 'free', 'skip'].includes(kind)) return false;
    if (kind === 'moov' && at + head.getUint32(0) <= file.size) return false;
    let length = head.getUint32(0);
    if (length === 1 && head.byteLength >= 16) length = Number(head.getBigUint64(8));
    if (length < 8) return true;
    at += length;
  }
  return true;
}

/** The key picture from which everything at or after `ticks` can be decoded; its data is read when asked for. */
export async function entryPoint(film: FilmSource, ticks: number, metadataOnly = true): Promise<EncodedPacket> {
  const { pictures, clock } = film;
  const options = film.doubtKeys ? { verifyKeyPackets: true } : metadataOnly ? METADATA_ONLY : {};
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
  const first = await pictures.getFirstPacket(metadataOnly ? METADATA_ONLY : {});
  if (!first) throw new FilmProblem('film_unreadable', 'no picture');
  return first;
}

/** The pictures that a stretch of film needs. */
export interface Stretch {
  readonly entry: EncodedPacket;
  /** How many pictures, in the order stored from `entry` on, are needed. */
  readonly count: number;
  /** Ticks of those that can be shown, in the order shown. */
  readonly shown: readonly number[];
  /** The tick of the first picture at or after the end; null at the end of the film. */
  readonly next: number | null;
}

/** The pictures from the entry point at or before `fromTicks` to the last one shown before `toTicks`. */
export async function findStretch(film: FilmSource, fromTicks: number, toTicks: number): Promise<Stretch> {
  const entry = await entryPoint(film, fromTicks);
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
  // Pictures shown before the entry point lean on ones that are left out.
  const shown = stored.slice(0, count).filter((ticks) => ticks >= baseTicks);
  return { entry, count, shown: sortedOnce(shown), next: next === Infinity ? null : next };
}

/** The ticks of the pictures shown from `fromTicks` to before `toTicks`, in order. */
export async function shownBetween(film: FilmSource, fromTicks: number, toTicks: number): Promise<number[]> {
  const stretch = await findStretch(film, Math.max(fromTicks, film.clock.zeroTicks), toTicks);
  return stretch.shown.filter((ticks) => ticks >= fromTicks && ticks >= film.clock.zeroTicks && ticks < toTicks);
}

/** The tick of the picture on screen at `ms`. */
export async function shownAt(film: FilmSource, ms: number): Promise<number> {
  const endTicks = film.clock.ticksAt(ms + 1);
  const { shown } = await findStretch(film, endTicks - 1, endTicks);
  const visible = shown.filter((ticks) => ticks >= film.clock.zeroTicks && ticks < endTicks);
  return visible.at(-1) ?? film.clock.zeroTicks;
}

function sortedOnce(ticks: number[]): number[] {
  return [...new Set(ticks)].sort((a, b) => a - b);
}
