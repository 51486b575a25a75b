/** A recording without a picture: opened, listened to, and its moments copied out. Nothing is encoded again. */

import {
  ADTS,
  EncodedAudioPacketSource,
  EncodedPacketSink,
  FLAC,
  Input,
  MATROSKA,
  MP3,
  MP4,
  MkvOutputFormat,
  MovOutputFormat,
  Mp4OutputFormat,
  OGG,
  Output,
  QTFF,
  WAVE,
  WEBM,
  WebMOutputFormat,
  type EncodedPacket,
  type InputAudioTrack,
  type OutputFormat,
  type Target,
} from 'mediabunny';

import { codecDelay } from '../read/matroska';
import { encoderDelay } from '../read/mp3';
import { FilmProblem, asFilmProblem } from '../problem';
import type { FilmFacts, Moment, RemoteFilm } from '../types';
import { openSource, sourceOf, type FilmSource } from '../read/source';
import { withoutPreSkip } from './muxer';

const FORMATS = [MP4, QTFF, MATROSKA, WEBM, OGG, MP3, WAVE, FLAC, ADTS];
/** What openSource says of files that may yet be recordings. */
const NOT_FILMS = ['no_picture', 'not_a_film', 'film_not_opened'];
const MATROSKAS = ['Matroska', 'WebM'];
/** A voice is marked and moved in as finely as this. */
export const GRAIN_MS = 50;
/** What travels around a moment: run-up for decoders, and room for other ends. */
const BEFORE_S = 0.5;
const AFTER_S = 1;

export interface SoundSource {
  readonly kind: 'sound';
  readonly input: Input;
  readonly file: Blob | null;
  readonly audio: InputAudioTrack;
  /** When the first sample is heard, on the container's clock: the recording's 0. */
  readonly zeroS: number;
  readonly endS: number;
}

/** The film in `from`, or the recording. Throws FilmProblem. Dispose `input` when done. */
export async function openEither(from: Blob | RemoteFilm): Promise<FilmSource | SoundSource> {
  try {
    return await openSource(from);
  } catch (error) {
    if (!(error instanceof FilmProblem) || !NOT_FILMS.includes(error.code)) throw error;
    const sound = await openSound(from);
    if (!sound) throw error;
    return sound;
  }
}

export const isSound = (source: FilmSource | SoundSource): source is SoundSource => 'kind' in source;

/** The recording in `from`; null where it is none, or one with a picture that nothing here decodes. */
async function openSound(from: Blob | RemoteFilm): Promise<SoundSource | null> {
  const input = new Input({ source: sourceOf(from), formats: FORMATS });
  try {
    const audio = (await input.canRead()) && (await input.getVideoTracks()).length === 0 ? await input.getPrimaryAudioTrack() : null;
    if (audio) {
      const file = from instanceof Blob ? from : null;
      const zeroS = Math.max(0, await audio.getFirstTimestamp()) + (file ? await leftOutS(input, file, audio) : 0);
      const endS = await audio.computeDuration();
      if (endS > zeroS) return { kind: 'sound', input, file, audio, zeroS, endS };
    }
    input.dispose();
    return null;
  } catch (error) {
    input.dispose();
    throw asFilmProblem(error);
  }
}

/** The encoder's run-up that players leave out and the demuxer does not. */
async function leftOutS(input: Input, file: Blob, audio: InputAudioTrack): Promise<number> {
  const format = await input.getFormat();
  if (MATROSKAS.includes(format.name)) return codecDelay(file, audio.id);
  return format === MP3 ? (await encoderDelay(file)) / (await audio.getSampleRate()) : 0;
}

/** The facts of a recording, in the shape of a film's. */
export async function findSoundFacts(sound: SoundSource): Promise<FilmFacts> {
  const { audio } = sound;
  return {
    bytes: sound.file?.size ?? 0,
    durationMs: Math.max(1, Math.floor((sound.endS - sound.zeroS) * 1000)),
    zeroS: sound.zeroS,
    widthPx: 0,
    heightPx: 0,
    fps: 0,
    rotation: 0,
    hasPicture: false,
    hasSound: true,
    canShow: await audio.canDecode(),
    canCut: (await soundFormat(sound)) !== null,
    canCutLight: false,
    container: (await sound.input.getFormat()).name,
    videoCodec: '',
    audioCodec: (await audio.getCodec()) ?? String(await audio.getInternalCodecId()),
  };
}

/** The places around `aroundMs` that one can step to. */
export function findGrains(sound: SoundSource, aroundMs: number, spanMs: number): number[] {
  const endMs = Math.floor((sound.endS - sound.zeroS) * 1000);
  const first = Math.max(0, Math.ceil((aroundMs - spanMs) / GRAIN_MS));
  const last = Math.floor(Math.min(endMs - 1, aroundMs + spanMs) / GRAIN_MS);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, n) => (first + n) * GRAIN_MS);
}

/** The container that a moment is copied into; null where there is none for such sound. */
async function soundFormat({ audio, input }: SoundSource): Promise<OutputFormat | null> {
  const codec = await audio.getCodec();
  // Packets of a bare AAC stream carry headers that other containers have no place for.
  if (!codec || (await input.getFormat()) === ADTS || !(await audio.getDecoderConfig())) return null;
  const webm = ['opus', 'vorbis'].includes(codec);
  const formats = [
    ...(webm ? [new WebMOutputFormat()] : codec.startsWith('pcm') ? [] : [new Mp4OutputFormat({ fastStart: false })]),
    new MovOutputFormat({ fastStart: false }),
    new MkvOutputFormat(),
  ];
  return formats.find((format) => format.getSupportedCodecs().includes(codec)) ?? null;
}

/** Copies the sound of a moment to `target`; gives its type, and the moment on the clock of the copy. Throws FilmProblem; AbortError. */
export async function copySound(
  sound: SoundSource,
  moment: Moment,
  target: Target,
  onProgress: (share: number) => void,
  signal: AbortSignal,
): Promise<{ mimeType: string; cut: { in: number; out: number } }> {
  if (moment.kind !== 'clip') throw new FilmProblem('no_picture');
  const { audio, zeroS } = sound;
  const format = await soundFormat(sound);
  const codec = await audio.getCodec();
  const config = await audio.getDecoderConfig();
  if (!format || !codec || !config) throw new FilmProblem('not_cut', 'the sound is of an unknown kind');
  const fromS = zeroS + moment.inMs / 1000;
  const endS = zeroS + moment.outMs / 1000 + AFTER_S;
  if (fromS >= sound.endS) throw new FilmProblem('moment_outside_film');
  const packets = new EncodedPacketSink(audio);
  const first = (await packets.getPacket(fromS - BEFORE_S)) ?? (await packets.getFirstPacket());
  if (!first) throw new FilmProblem('moment_empty');
  const baseS = await beginsAt(sound, packets, first);
  const output = new Output({ format, target });
  const copy = new EncodedAudioPacketSource(codec);
  output.addAudioTrack(copy);
  await output.start();
  try {
    let meta: EncodedAudioChunkMetadata | undefined = { decoderConfig: withoutPreSkip(codec, config) };
    for await (const packet of packets.packets(first)) {
      signal.throwIfAborted();
      if (packet.timestamp >= endS) break;
      const atS = meta ? 0 : packet.timestamp - baseS;
      await copy.add(packet.clone({ timestamp: atS }), meta);
      meta = undefined;
      onProgress(Math.max(0, (packet.timestamp - first.timestamp) / (endS - first.timestamp)));
    }
    copy.close();
    await output.finalize();
  } catch (error) {
    await output.cancel();
    throw error;
  }
  const startMs = Math.round((baseS - zeroS) * 1000);
  return { mimeType: format.mimeType, cut: { in: moment.inMs - startMs, out: moment.outMs - startMs } };
}

/** When a packet really begins: the demuxer shortens the first one of Ogg Opus by the run-up, and says 0. */
async function beginsAt({ input, audio }: SoundSource, packets: EncodedPacketSink, packet: EncodedPacket): Promise<number> {
  const shortened = packet.timestamp === 0 && (await input.getFormat()) === OGG && (await audio.getCodec()) === 'opus';
  const next = shortened ? await packets.getNextPacket(packet) : null;
  return next ? next.timestamp - next.duration : packet.timestamp;
}

/** A finished copy read again, as the service will read it: its length must be what was copied. Throws FilmProblem not_cut. */
export async function readSoundBack(copy: Blob, outMs: number): Promise<void> {
  const sound = await openSound(copy);
  if (!sound) throw new FilmProblem('not_cut', 'the copy cannot be read back');
  try {
    const endMs = sound.endS * 1000;
    if (endMs < outMs - 2 * GRAIN_MS) throw new FilmProblem('not_cut', `ends at ${endMs} ms, before ${outMs}`);
  } finally {
    sound.input.dispose();
  }
}
