/** The pictures of a film that the page decodes itself, one after another, for somebody who follows it by its sound or by steps. */

import type { EncodedPacket, VideoSample } from 'mediabunny';

import { HevcStream } from '../hevc/decoder';
import { FilmProblem } from '../problem';
import { decodeEntryPoint, frameTickAt } from '../read/frames';
import { pieceIndexAt } from '../read/pieces';
import type { FilmSource } from '../read/source';
import type { NearPicture } from '../types';
import { serialQueue } from '../serialQueue';
import { draw, requireDecodable } from './pictures';

/** After so long what there is by then is shown, and decoding goes on at the next call. */
const LONGEST_WAIT_MS = 200;

/**
 * Follows a time that goes on, or jumps: what is decoded already is gone on from, and where the time has come to a later
 * key picture, or back, decoding begins there. So a fast computer shows all pictures, and a slow one key pictures and some
 * behind them. Nothing is decoded ahead, which would have to be waited for at the next jump.
 */
export class Following {
  readonly #one = serialQueue();
  #stream: HevcStream | null = null;
  /** Given to the stream last; null where it is to begin with the key picture. */
  #given: EncodedPacket | null = null;
  #shown: VideoSample | null = null;
  #shownTicks = -Infinity;
  /** Decoded, but shown later, in order. */
  #ahead: VideoSample[] = [];

  constructor(private readonly film: FilmSource) {}

  /** The picture on screen at `atMs`, or the latest before it that is decoded soon. Throws FilmProblem not_shown. */
  pictureNear(atMs: number, heightPx: number): Promise<NearPicture> {
    return this.#one(async () => {
      await requireDecodable(this.film);
      const { film } = this;
      const { clock } = film;
      const wanted = await frameTickAt(film, atMs);
      const { shift } = film.pieces[pieceIndexAt(film.pieces, wanted)]!;
      const target = wanted - shift;
      const until = performance.now() + LONGEST_WAIT_MS;
      const key = await decodeEntryPoint(film, target);
      if (this.#shownTicks > target || this.#shownTicks < clock.ticks(key.timestamp)) await this.#begin(key);
      let isLast = this.#shownTicks === target;
      // Where the very picture cannot be had, the one before it is all that there is.
      while (!isLast && performance.now() < until) isLast = !(await this.#goOn(key, target)) || this.#shownTicks === target;
      if (!this.#shown) throw new FilmProblem('not_shown', `no picture at ${atMs} ms`);
      return { picture: await draw(film, this.#shown.clone(), heightPx), timeMs: clock.msAt(this.#shownTicks + shift), isLast, isExact: this.#shownTicks === target };
    });
  }

  /** Shows a key picture at once: the stream would hold it back for those that may be shown before it. */
  async #begin(key: EncodedPacket): Promise<void> {
    for (const sample of this.#ahead.splice(0)) sample.close();
    await this.#stream?.close();
    this.#stream = new HevcStream((await this.film.video.getDecoderConfig())!);
    this.#given = null;
    for (const sample of [...(await this.#stream.decode(key)), ...(await this.#stream.flush())]) await this.#show(sample);
  }

  /** Shows the next picture, if it is not shown after `target`; false at the end of the film. */
  async #goOn(key: EncodedPacket, target: number): Promise<boolean> {
    const [next] = this.#ahead;
    if (next) {
      if (this.film.clock.ticks(next.timestamp) > target) return false;
      await this.#show(this.#ahead.shift()!);
      return true;
    }
    const packet: EncodedPacket | null = this.#given ? await this.film.pictures.getNextPacket(this.#given) : key;
    this.#given = packet ?? this.#given;
    this.#ahead.push(...(packet ? await this.#stream!.decode(packet) : await this.#stream!.flush()));
    return packet !== null || this.#ahead.length > 0;
  }

  async #show(sample: VideoSample): Promise<void> {
    sample.setRotation(await this.film.video.getRotation());
    sample.setFlip(await this.film.video.getFlip());
    this.#shown?.close();
    this.#shown = sample;
    this.#shownTicks = this.film.clock.ticks(sample.timestamp);
  }
}
