/** A small film being written: its container, its tracks, and its sound copied alongside the pictures. */

import {
  EncodedAudioPacketSource,
  MkvOutputFormat,
  MovOutputFormat,
  Mp4OutputFormat,
  Output,
  WebMOutputFormat,
  type AudioCodec,
  type InputAudioTrack,
  type OutputFormat,
  type Target,
  type VideoCodec,
  type VideoSource,
  type VideoTrackMetadata,
} from 'mediabunny';

import type { Piece } from '../read/pieces';
import { findEnd } from '../read/frames';
import { heardPackets, type HeardPacket } from './soundPackets';
import { codecDelay } from '../read/matroska';
import { FilmProblem } from '../problem';
import type { FilmSource } from '../read/source';

const MATROSKA = ['Matroska', 'WebM'];
/** MP4 may hold more, but these are the sounds that every reader finds in it. */
const MP4_SOUNDS: readonly AudioCodec[] = ['aac', 'mp3', 'ac3', 'eac3', 'opus', 'flac'];
const OPUS_PRE_SKIP_AT = 10;
const MOST_TICKS_PER_SECOND = 1_000_000;

/**
 * The container for a cut of `film`; `lighter` names the codec of re-encoded pictures; `reachesEnd`: the film's last picture
 * goes along. Where that stands by the container's word alone the cut is an MP4, if it can be: the writer of WebM and MKV
 * says of no picture how long it stands. Throws FilmProblem not_cut.
 */
export async function chooseFormat(film: FilmSource, lighter: VideoCodec | null = null, reachesEnd = false): Promise<OutputFormat> {
  if (film.wholeOnly) throw new FilmProblem('not_cut', film.wholeOnly);
  const videoCodec = lighter ?? (await film.video.getCodec());
  const audioCodec = film.audio ? await film.audio.getCodec() : null;
  if (!videoCodec || (film.audio && !audioCodec)) throw new FilmProblem('not_cut', 'a codec is not known');
  const codecs = [videoCodec, ...(audioCodec ? [audioCodec] : [])];
  const matroska = await isMatroska(film);
  const holds = (format: OutputFormat): boolean => codecs.every((codec) => format.getSupportedCodecs().includes(codec));
  const webm = new WebMOutputFormat();
  const mp4 = new Mp4OutputFormat({ fastStart: false });
  const fitsMp4 = mp4.getSupportedCodecs().includes(videoCodec) && (!audioCodec || MP4_SOUNDS.includes(audioCodec));
  if (reachesEnd && fitsMp4 && (await findEnd(film)).standsByWord) return mp4;
  if (lighter === 'vp8' || lighter === 'vp9' || (matroska && !lighter)) return holds(webm) ? webm : new MkvOutputFormat();
  if (!audioCodec || MP4_SOUNDS.includes(audioCodec)) return mp4;
  if (matroska) return new MkvOutputFormat();
  const mov = new MovOutputFormat({ fastStart: false });
  if (!holds(mov)) throw new FilmProblem('not_cut', `no container for ${codecs.join(' and ')}`);
  return mov;
}

/** The first sound has chosen the container; one beside it that has no place there stays. */
async function isHeld(format: OutputFormat, track: InputAudioTrack): Promise<boolean> {
  const codec = await track.getCodec();
  const usual = format instanceof Mp4OutputFormat ? MP4_SOUNDS : format.getSupportedCodecs();
  return codec !== null && usual.includes(codec);
}

async function isMatroska(film: FilmSource): Promise<boolean> {
  return MATROSKA.includes((await film.input.getFormat()).name);
}

function opusHeader(config: AudioDecoderConfig | null): DataView | null {
  const description = config?.description;
  if (!description || description.byteLength < OPUS_PRE_SKIP_AT + 2) return null;
  const [buffer, at] = ArrayBuffer.isView(description) ? [description.buffer, description.byteOffset] : [description, 0];
  return new DataView(buffer.slice(at, at + description.byteLength));
}

/** The same, but nothing is left out at the start: a cut begins in the middle of the sound. */
export function withoutPreSkip(codec: AudioCodec, config: AudioDecoderConfig): AudioDecoderConfig {
  const header = codec === 'opus' ? opusHeader(config) : null;
  if (!header) return config;
  header.setUint16(OPUS_PRE_SKIP_AT, 0, true);
  return { ...config, description: header };
}

/** What a track needs to be told so that an MP4 keeps the film's own ticks; without, it rounds to 1/57600 s. */
export function exactTicks(film: FilmSource): { frameRate?: number } {
  const { ticksPerSecond } = film.clock;
  return Number.isInteger(ticksPerSecond) && ticksPerSecond <= MOST_TICKS_PER_SECOND ? { frameRate: ticksPerSecond } : {};
}

/** A cut while it is written. Pictures are given in the order stored; the sound that belongs to them goes along. */
export class CutWriter {
  readonly #output: Output;
  readonly #picture: VideoSource;
  readonly #sounds: readonly SoundCopy[];

  private constructor(output: Output, picture: VideoSource, sounds: readonly SoundCopy[]) {
    this.#output = output;
    this.#picture = picture;
    this.#sounds = sounds;
  }

  /** A begun cut whose 0 is `baseSeconds` of the film; its sound ends with `endSeconds`. */
  static async begin(
    film: FilmSource,
    format: OutputFormat,
    target: Target,
    picture: VideoSource,
    track: VideoTrackMetadata,
    baseSeconds: number,
    endSeconds: number,
  ): Promise<CutWriter> {
    const output = new Output({ format, target });
    output.addVideoTrack(picture, track);
    const lagging = film.file !== null && (await isMatroska(film));
    const sounds: SoundCopy[] = [];
    for (const { track: heard, pieces } of film.sounds) {
      if (!(await isHeld(format, heard))) continue;
      const lagSeconds = lagging ? await codecDelay(film.file!, heard.id) : 0;
      const sound = await SoundCopy.open(heard, pieces, baseSeconds + lagSeconds, endSeconds + lagSeconds);
      if (!sound) continue;
      sounds.push(sound);
      output.addAudioTrack(sound.source);
    }
    await output.start();
    return new CutWriter(output, picture, sounds);
  }

  /** Everything of the sound up to `seconds` on the film's own timestamps. */
  async addSoundUntil(seconds: number): Promise<void> {
    for (const sound of this.#sounds) await sound.addUntil(seconds);
  }

  /** The finished MIME type; nothing can be added afterwards. */
  async finish(): Promise<string> {
    this.#picture.close();
    // At once: the writer interleaves them, and would wait for the one that is not yet told to go on.
    await Promise.all(this.#sounds.map((sound) => sound.addUntil(Infinity).then(() => sound.source.close())));
    await this.#output.finalize();
    return this.#output.format.mimeType;
  }

  /** Give up; what was written is worthless. */
  async cancel(): Promise<void> {
    await this.#output.cancel();
  }
}

class SoundCopy {
  #next: HeardPacket | null;
  #meta: EncodedAudioChunkMetadata | undefined;

  private constructor(
    readonly source: EncodedAudioPacketSource,
    private readonly packets: AsyncGenerator<HeardPacket, void, undefined>,
    first: HeardPacket,
    config: AudioDecoderConfig,
    private readonly baseSeconds: number,
  ) {
    this.#next = first;
    this.#meta = { decoderConfig: config };
  }

  /** The sound from the first packet at or after the base, or null where none lies before the end. */
  static async open(
    track: InputAudioTrack,
    pieces: readonly Piece[] | null,
    baseSeconds: number,
    endSeconds: number,
  ): Promise<SoundCopy | null> {
    const codec = await track.getCodec();
    const config = await track.getDecoderConfig();
    if (!codec || !config) throw new FilmProblem('not_cut', 'the sound is of an unknown kind');
    const packets = heardPackets(track, pieces, baseSeconds, endSeconds);
    const { value } = await packets.next();
    if (!value) return null;
    return new SoundCopy(new EncodedAudioPacketSource(codec), packets, value, withoutPreSkip(codec, config), baseSeconds);
  }

  async addUntil(seconds: number): Promise<void> {
    while (this.#next && this.#next.seconds <= seconds) {
      const { packet, seconds: at } = this.#next;
      await this.source.add(packet.clone({ timestamp: at - this.baseSeconds }), this.#meta);
      this.#meta = undefined;
      this.#next = (await this.packets.next()).value ?? null;
    }
  }
}
