/** A recording without a picture, opened for reading. */

import {
  ADTS,
  FLAC,
  Input,
  MATROSKA,
  MP3,
  MP4,
  OGG,
  QTFF,
  WAVE,
  WEBM,
  type InputAudioTrack,
} from 'mediabunny';

import { FilmProblem, asFilmProblem } from '../problem';
import type { FileBytes, RemoteFilm } from '../types';
import { codecDelay } from './matroska';
import { encoderDelay } from './mp3';
import { bytesOf, isRemote } from './bytes';
import { filmFromOf, piecesOf, type Piece } from './pieces';
import { holdsOggPictures } from './sniff';
import { openSource, sourceOf, type FilmSource } from './source';
import { readTimelines, type TrackTimeline } from './timeline';

const FORMATS = [MP4, QTFF, MATROSKA, WEBM, OGG, MP3, WAVE, FLAC, ADTS];
/** What openSource says of files that may yet be recordings. */
const NOT_FILMS = ['no_picture', 'not_a_film', 'film_not_opened'];
const MATROSKAS = ['Matroska', 'WebM'];
/** A voice is marked and moved in as finely as this. */
export const AUDIO_STEP_MS = 50;
/** Encoders put at most this much before and behind what was said. */
const RUN_UP_S = 0.1;

export interface AudioRecording {
  readonly kind: 'sound';
  readonly input: Input;
  readonly file: FileBytes | null;
  readonly audio: InputAudioTrack;
  /** When the first sample is heard, on the container's clock: the recording's 0. */
  readonly zeroS: number;
  readonly endS: number;
  /** The stretches that are heard, in ticks of the track; null where the container has no edits. */
  readonly pieces: readonly Piece[] | null;
}

/** The film in `from`, or the recording. Throws FilmProblem. Dispose `input` when done. */
export async function openFilmOrRecording(from: FileBytes | RemoteFilm): Promise<FilmSource | AudioRecording> {
  try {
    return await openSource(from);
  } catch (error) {
    if (!(error instanceof FilmProblem) || !NOT_FILMS.includes(error.code)) throw error;
    const sound = await openRecording(from);
    if (!sound) throw error;
    return sound;
  }
}

export const isAudioRecording = (source: FilmSource | AudioRecording): source is AudioRecording => 'kind' in source;

/** The recording in `from`; null where it is none, or one with a picture that nothing here decodes. */
export async function openRecording(from: FileBytes | RemoteFilm): Promise<AudioRecording | null> {
  const input = new Input({ source: sourceOf(from), formats: FORMATS });
  try {
    const audio = (await input.canRead()) && (await input.getVideoTracks()).length === 0 ? await input.getPrimaryAudioTrack() : null;
    if (audio) {
      const file = isRemote(from) ? null : from;
      if (file && (await input.getFormat()) === OGG && (await holdsOggPictures(file))) throw new FilmProblem('film_not_opened', 'Ogg with pictures');
      const timeline = (await readTimelines(bytesOf(from)))?.find(({ id }) => id === audio.id);
      if (timeline?.isProtected) throw new FilmProblem('film_protected');
      if (timeline?.paced) throw new FilmProblem('film_paced');
      const firstS = await audio.getFirstTimestamp();
      const wholeS = await audio.computeDuration();
      const pieces = timeline?.pieces?.length ? heardPieces(timeline, firstS, wholeS) : null;
      const begin = pieces ? Math.max(firstS, filmFromOf(pieces[0]!) / timeline!.ticksPerSecond) : firstS;
      const zeroS = Math.max(0, begin) + (file ? await leftOutS(input, file, audio) : 0);
      const last = pieces?.at(-1);
      const endS = last ? Math.min(wholeS, last.storedTo / timeline!.ticksPerSecond) + last.shift / timeline!.ticksPerSecond : wholeS;
      if (endS > zeroS) return { kind: 'sound', input, file, audio, zeroS, endS, pieces };
    }
    input.dispose();
    return null;
  } catch (error) {
    input.dispose();
    throw asFilmProblem(error);
  }
}

/** What an edit list lets hear; an encoder's run-up and its padding, which it leaves out too, count as heard. */
function heardPieces(timeline: TrackTimeline, firstS: number, wholeS: number): Piece[] {
  const pieces = [...piecesOf(timeline)];
  const last = pieces.length - 1;
  if (firstS >= -RUN_UP_S) pieces[0] = { ...pieces[0]!, storedFrom: -Infinity };
  if (wholeS - pieces[last]!.storedTo / timeline.ticksPerSecond <= RUN_UP_S) pieces[last] = { ...pieces[last]!, storedTo: Infinity };
  return pieces;
}

/** Whether an edit list keeps sound back that the file still holds. */
export function holdsUnheard({ pieces }: AudioRecording): boolean {
  return pieces !== null && (pieces.length > 1 || pieces[0]!.storedFrom !== -Infinity || pieces[0]!.storedTo !== Infinity);
}

/** The encoder's run-up that players leave out and the demuxer does not. */
async function leftOutS(input: Input, file: FileBytes, audio: InputAudioTrack): Promise<number> {
  const format = await input.getFormat();
  if (MATROSKAS.includes(format.name)) return codecDelay(file, audio.id);
  return format === MP3 ? (await encoderDelay(file)) / (await audio.getSampleRate()) : 0;
}

/** The places around `aroundMs` that one can step to. */
export function listAudioSteps(sound: AudioRecording, aroundMs: number, spanMs: number): number[] {
  const endMs = Math.floor((sound.endS - sound.zeroS) * 1000);
  const first = Math.max(0, Math.ceil((aroundMs - spanMs) / AUDIO_STEP_MS));
  const last = Math.floor(Math.min(endMs - 1, aroundMs + spanMs) / AUDIO_STEP_MS);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, n) => (first + n) * AUDIO_STEP_MS);
}
