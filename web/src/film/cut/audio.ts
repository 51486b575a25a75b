/** The sound of a moment copied out of a recording without a picture. Nothing is encoded again. */

import {
  ADTS,
  EncodedAudioPacketSource,
  EncodedPacketSink,
  MkvOutputFormat,
  MovOutputFormat,
  Mp4OutputFormat,
  OGG,
  Output,
  WebMOutputFormat,
  type EncodedPacket,
  type OutputFormat,
  type Target,
} from 'mediabunny';

import { FilmProblem } from '../problem';
import { AUDIO_STEP_MS, openRecording, type AudioRecording } from '../read/audio';
import type { FileBytes, Moment } from '../types';
import { heardPackets } from './soundPackets';
import { toStoredSeconds } from '../read/pieces';
import { withoutPreSkip } from './muxer';

/** What travels around a moment: run-up for decoders, and room to move its ends later. */
const BEFORE_S = 0.5;
const AFTER_S = 1;

/** The container that a moment is copied into; null where there is none for such sound. */
export async function chooseAudioFormat({ audio, input }: AudioRecording): Promise<OutputFormat | null> {
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
export async function copyAudio(
  sound: AudioRecording,
  moment: Moment,
  target: Target,
  onProgress: (share: number) => void,
  signal: AbortSignal,
): Promise<{ mimeType: string; cut: { in: number; out: number } }> {
  if (moment.kind !== 'clip') throw new FilmProblem('no_picture');
  const { audio, zeroS } = sound;
  const format = await chooseAudioFormat(sound);
  const codec = await audio.getCodec();
  const config = await audio.getDecoderConfig();
  if (!format || !codec || !config) throw new FilmProblem('not_cut', 'the sound is of an unknown kind');
  const fromS = zeroS + moment.inMs / 1000;
  const endS = zeroS + moment.outMs / 1000 + AFTER_S;
  if (fromS >= sound.endS) throw new FilmProblem('moment_outside_film');
  const packets = new EncodedPacketSink(audio);
  const earliest = toStoredSeconds(sound.pieces, await audio.getTimeResolution(), fromS - BEFORE_S);
  const around = (await packets.getPacket(earliest.seconds)) ?? (await packets.getFirstPacket());
  if (!around) throw new FilmProblem('moment_empty');
  const heard = heardPackets(audio, sound.pieces, around.timestamp + earliest.shift, endS);
  let next = (await heard.next()).value;
  if (!next) throw new FilmProblem('moment_empty');
  const firstS = next.seconds;
  const baseS = next.packet.timestamp === around.timestamp ? (await beginsAt(sound, packets, around)) + earliest.shift : firstS;
  const output = new Output({ format, target });
  const copy = new EncodedAudioPacketSource(codec);
  output.addAudioTrack(copy);
  await output.start();
  try {
    let meta: EncodedAudioChunkMetadata | undefined = { decoderConfig: withoutPreSkip(codec, config) };
    for (; next; next = (await heard.next()).value) {
      signal.throwIfAborted();
      await copy.add(next.packet.clone({ timestamp: meta ? 0 : next.seconds - baseS }), meta);
      meta = undefined;
      onProgress(Math.max(0, (next.seconds - firstS) / (endS - firstS)));
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
async function beginsAt({ input, audio }: AudioRecording, packets: EncodedPacketSink, packet: EncodedPacket): Promise<number> {
  const shortened = packet.timestamp === 0 && (await input.getFormat()) === OGG && (await audio.getCodec()) === 'opus';
  const next = shortened ? await packets.getNextPacket(packet) : null;
  return next ? next.timestamp - next.duration : packet.timestamp;
}

/** The length of a finished copy, read again as the service will read it; it must be what was copied. Throws FilmProblem not_cut. */
export async function verifyAudioCut(copy: FileBytes, outMs: number): Promise<number> {
  const sound = await openRecording(copy);
  if (!sound) throw new FilmProblem('not_cut', 'the copy cannot be read back');
  try {
    const endMs = sound.endS * 1000;
    if (endMs < outMs - 2 * AUDIO_STEP_MS) throw new FilmProblem('not_cut', `ends at ${endMs} ms, before ${outMs}`);
    return Math.floor((sound.endS - sound.zeroS) * 1000);
  } finally {
    sound.input.dispose();
  }
}
