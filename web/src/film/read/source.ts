/** A film opened for reading: its tracks, its clock, and where decoding can begin. Runs in pages, workers and Node. */

import {
  BlobSource,
  CustomSource,
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
  type InputAudioTrack,
  type InputVideoTrack,
} from 'mediabunny';

import { FilmProblem, asFilmProblem, type FilmProblemCode } from '../problem';
import type { FileBytes, RemoteFilm } from '../types';
import { bytesOf, isRemote } from './bytes';
import { FilmClock } from './clock';
import { letBeDecoded } from './codecName';
import { findAcrossFragments, lookAtFragments } from './fragments';
import { findFirstShown } from './frames';
import { anchorPieces, filmFromOf, piecesOf, type Piece } from './pieces';
import type { NalUnits } from './nalUnits';
import { isJoined } from './joined';
import { keyFrameTest } from './keyFrames';
import { leavesShapeOpen } from './matroska';
import { LENGTH_AT } from './parameterSets';
import { contradictsOrder, lacksOrder } from './pictureOrder';
import { settleShape } from './pixelShape';
import { diagnoseUnreadable } from './sniff';
import { readTimelines, trackEndS, type TrackTimeline } from './timeline';
import './vp8Decoder';
import { lookAtTransport, type TransportLook } from './transport';

/** Containers of films. Playlists, which name other files, are not among them. */
const FORMATS = [MP4, QTFF, MATROSKA, WEBM, MPEG_TS];
const MOVING_FPS = 4;
const CACHE_BYTES = 8 << 20;
const MOST_RETRIES = 3;

export interface FilmSource {
  readonly input: Input;
  /** Null: it is at the service, and only looked at. */
  readonly file: FileBytes | null;
  readonly video: InputVideoTrack;
  /** The sound that belongs to the picture; null where there is none. */
  readonly audio: InputAudioTrack | null;
  readonly pictures: EncodedPacketSink;
  readonly clock: FilmClock;
  /** The stretches of the picture that are shown, in order; whatever lies outside was cut out of the film. */
  readonly pieces: readonly Piece[];
  /** Whether that is the word of an edit list. */
  readonly isEdited: boolean;
  /** The same of the sound, in its own ticks; null where the container has no edits. */
  readonly soundPieces: readonly Piece[] | null;
  /** Every sound of a kind that can be named, the one above first: a camera's own and its microphone's, say. */
  readonly sounds: readonly Sound[];
  /** Of H.264 and HEVC: how its pictures are stored; null for other codecs. */
  readonly nalUnits: NalUnits | null;
  readonly isKeyFrame: ((data: Uint8Array) => boolean) | null;
  /** Of each track of an MP4 whose head tells it, its length in seconds; null where that is not known. */
  readonly trackEndsS: readonly number[] | null;
  /** Whether a player might show another picture than `video`: several are on. */
  readonly hasOtherPictures: boolean;
  /** Whether its samples are listed in fragments of it. */
  readonly isFragmented: boolean;
  /** What its head says of the length of it all, right or not; 0 where that is not known. */
  readonly movieS: number;
  /** Why only the whole film can be sent, though its frames' times are known; null where moments can be taken out. */
  readonly wholeOnly: FilmProblemCode | null;
  /** Whether the container marks which pictures decoding can begin with; else each is said to be one. */
  readonly marksKeys: boolean;
}

export interface Sound {
  readonly track: InputAudioTrack;
  readonly pieces: readonly Piece[] | null;
}

// What it would tell a developer's console is told in our own words where it matters.
Logging.level = LogLevel.Errors;

/** The film in `from`, its index read but little else. Throws FilmProblem. Dispose `input` when done. */
export async function openSource(from: FileBytes | RemoteFilm): Promise<FilmSource> {
  const file = isRemote(from) ? null : from;
  const input = new Input({ source: sourceOf(from), formats: FORMATS });
  try {
    const read = bytesOf(from);
    if (file && (await isJoined(file))) throw new FilmProblem('film_put_behind');
    const timelines = await readTimelines(read);
    const pictures = timelines?.filter(({ kind }) => kind === 'vide') ?? [];
    if (pictures.length && pictures.every(({ isProtected }) => isProtected)) throw new FilmProblem('film_protected');
    const transport = file && (await lookAtTransport(read, file.size));
    if (transport?.clockStartsAnew) throw new FilmProblem('film_joined');
    // A stream of several programmes, or of a kind that this demuxer gives up on; the service may read it.
    const giveUp = (error: unknown): never => {
      throw transport && error instanceof Error && error.name === 'Error' ? new FilmProblem('film_not_opened', error.message) : error;
    };
    return await describe(input, file, timelines, transport).catch(giveUp);
  } catch (error) {
    input.dispose();
    throw asFilmProblem(error);
  }
}

export function sourceOf(from: FileBytes | RemoteFilm): BlobSource | CustomSource | UrlSource {
  if (isRemote(from)) {
    const getRetryDelay = (earlier: number): number | null => (earlier < MOST_RETRIES ? 1 : null);
    return new UrlSource(from.url, { requestInit: { headers: from.headers }, maxCacheSize: 4 * CACHE_BYTES, getRetryDelay });
  }
  if (!(from instanceof Blob)) {
    const read = async (start: number, end: number): Promise<Uint8Array> => new Uint8Array(await from.slice(start, end).arrayBuffer());
    return new CustomSource({ getSize: () => from.size, read, maxCacheSize: CACHE_BYTES });
  }
  // Reading slices instead of streams avoids a fault of Chrome on Windows, and reads only what is asked for.
  return new BlobSource(from, { useStreamReader: false, maxCacheSize: CACHE_BYTES });
}

async function describe(
  input: Input,
  file: FileBytes | null,
  timelines: TrackTimeline[] | null,
  transport: TransportLook | null,
): Promise<FilmSource> {
  if (!(await input.canRead())) throw await whyNot(file);
  const videos = (await input.getVideoTracks()).filter(({ id }) => !timelineOf(timelines, id)?.isProtected);
  if (videos.length === 0) {
    if ((await input.getFormat()) === MPEG_TS) throw new FilmProblem('film_not_opened', 'a codec is not known');
    throw (await input.getAudioTracks()).length > 0 ? new FilmProblem('no_picture') : await whyNot(file);
  }
  const video = await chooseVideoTrack(videos);
  const track = timelineOf(timelines, video.id);
  const fragments = file && track?.isFragmented ? await lookAtFragments(bytesOf(file)) : null;
  if (fragments?.get(video.id)?.overlaps) findAcrossFragments(video);
  const pictures = new EncodedPacketSink(video);
  const nalUnits = await nalUnitsOf(video);
  const leavesOpen = file !== null && (await input.getFormat()) === MATROSKA && (await leavesShapeOpen(file, video.id));
  if (track || leavesOpen) await settleShape(video, track ? track.pixelAspect : null, pictures, nalUnits, await descriptionOf(video));
  await letBeDecoded(video);
  const paired = await input.getAudioTracks({ filter: (track) => video.canBePairedWith(track) });
  const sounds = paired.filter(({ id }) => !timelineOf(timelines, id)?.isProtected);
  const timeline = timelineOf(timelines, video.id);
  const audio = await chooseSound(sounds);
  const heard = audio ? timelineOf(timelines, audio.id) : undefined;
  if (timeline?.paced || heard?.paced) throw new FilmProblem('film_paced');
  const ticksPerSecond = await video.getTimeResolution();
  // In fragments each sample says for itself what it is.
  const listsKeys = !timeline || timeline.hasKeyList || timeline.isFragmented;
  const isKeyFrame = listsKeys ? null : keyFrameTest(await video.getCodec());
  const reading = { pictures, clock: new FilmClock(ticksPerSecond, 0), nalUnits, isKeyFrame };
  if (timeline && (await lacksOrder(reading, await descriptionOf(video)))) throw new FilmProblem('film_without_order', 'no ctts');
  const places = fragments?.get(video.id)?.unlasting.map((ticks) => ticks - timeline!.demuxerOffset) ?? [];
  if (await contradictsOrder(reading, await descriptionOf(video), places)) throw new FilmProblem('film_without_order', 'fragments');
  // Readers add up durations, and not all alike, or show one of the two.
  const isUntimed = [...(fragments ?? [])].some(([id, { statesTimes, repeatsTimes }]) => !statesTimes || (id === video.id && repeatsTimes));
  if (isUntimed) throw new FilmProblem('film_not_opened', 'fragments without times');
  const listed = piecesOf(timeline);
  const firsts = await Promise.all(listed.map((piece) => findFirstShown(reading, piece)));
  const pieces = anchorPieces(listed, firsts);
  if (!pieces[0]) throw new FilmProblem('film_unreadable', 'no picture');
  const clock = new FilmClock(ticksPerSecond, filmFromOf(pieces[0]));
  const marksKeys = listsKeys || (nalUnits === null && isKeyFrame === null);
  const isTold = timelines !== null && !timelines.some(({ isFragmented }) => isFragmented);
  // Of the picture, its frames say it better.
  const told = isTold ? timelines.filter((track) => track !== timeline || track.pieces) : null;
  const trackEndsS = told?.map(trackEndS).filter((end) => end !== null) ?? null;
  const unread = transport?.soundIds.some((id) => !sounds.some((track) => track.id === id)) ? 'film_sound_unread' : null;
  const wholeOnly = (timeline?.descriptions ?? 1) > 1 ? 'film_of_two' : unread;
  const isEdited = timeline?.pieces != null;
  const hasOtherPictures = videos.filter(({ id }) => timelineOf(timelines, id)?.enabled ?? true).length > 1;
  const heardPieces = (track: TrackTimeline | undefined): readonly Piece[] | null => (track?.pieces ? piecesOf(track) : null);
  const soundPieces = heardPieces(heard);
  const others = audio ? (await namedSounds(sounds)).filter(({ id }) => id !== audio.id) : [];
  const beside = others.map((track) => ({ track, pieces: heardPieces(timelineOf(timelines, track.id)) }));
  return { ...reading, input, file, video, audio, clock, pieces, isEdited, soundPieces, marksKeys, wholeOnly, trackEndsS, isFragmented: timeline?.isFragmented ?? false, hasOtherPictures, movieS: timeline?.movieS ?? 0, sounds: audio ? [{ track: audio, pieces: soundPieces }, ...beside] : [] };
}

function timelineOf(timelines: TrackTimeline[] | null, id: number): TrackTimeline | undefined {
  return timelines?.find((track) => track.id === id);
}

async function whyNot(file: FileBytes | null): Promise<FilmProblem> {
  return file ? diagnoseUnreadable(file) : new FilmProblem('film_unreadable', 'at the service');
}

/** The moving picture: not a cover nor the few frames of a motion photo, else the first that is on, as browsers play it. */
async function chooseVideoTrack(tracks: InputVideoTrack[]): Promise<InputVideoTrack> {
  if (tracks.length === 1) return tracks[0]!;
  const ranked = await Promise.all(
    tracks.map(async (track) => {
      const { averagePacketRate } = await track.computePacketStats(60);
      const seconds = (await track.getDurationFromMetadata()) ?? 0;
      return { track, moving: averagePacketRate >= MOVING_FPS, seconds, isOn: (await track.getDisposition()).default };
    }),
  );
  const longest = Math.max(...ranked.map(({ seconds }) => seconds));
  ranked.sort(
    (a, b) =>
      Number(b.moving) - Number(a.moving) ||
      Number(b.seconds >= longest / 2) - Number(a.seconds >= longest / 2) ||
      Number(b.isOn) - Number(a.isOn),
  );
  return ranked[0]!.track;
}

async function nalUnitsOf(video: InputVideoTrack): Promise<NalUnits | null> {
  const codec = await video.getCodec();
  if (codec !== 'avc' && codec !== 'hevc') return null;
  const record = await descriptionOf(video);
  if (!record) return { codec, lengthBytes: null };
  return { codec, lengthBytes: (record[LENGTH_AT[codec]]! & 3) + 1 };
}

async function descriptionOf(video: InputVideoTrack): Promise<Uint8Array | null> {
  const description = (await video.getDecoderConfig())?.description;
  if (!description) return null;
  return ArrayBuffer.isView(description)
    ? new Uint8Array(description.buffer, description.byteOffset, description.byteLength)
    : new Uint8Array(description);
}

/** The first sound that is on and of a kind that can be named, else any that can be; else the first. */
async function chooseSound(tracks: InputAudioTrack[]): Promise<InputAudioTrack | null> {
  const named = await namedSounds(tracks);
  for (const track of named) if ((await track.getDisposition()).default) return track;
  return named[0] ?? tracks[0] ?? null;
}

async function namedSounds(tracks: InputAudioTrack[]): Promise<InputAudioTrack[]> {
  const codecs = await Promise.all(tracks.map((track) => track.getCodec()));
  return tracks.filter((_, index) => codecs[index] !== null);
}
