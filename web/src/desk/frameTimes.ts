/** Frame times around a position, cached, so that a step is exactly one frame. */

import type { Film } from '../film';

const WINDOW_MS = 4000;

export class FrameTimes {
  #times: number[] = [];
  #fromMs = 0;
  #toMs = -1;

  constructor(private readonly film: Film) {}

  /** Time of the frame on screen at `ms`: the last one not after it. */
  async shownAt(ms: number): Promise<number> {
    const times = await this.#near(ms);
    return times.findLast((time) => time <= ms) ?? times[0] ?? 0;
  }

  /** Time of the frame a player reports as `ms`, which may be rounded differently. */
  async nearest(ms: number): Promise<number> {
    const times = await this.#near(ms);
    const shown = times.findLast((time) => time <= ms) ?? times[0] ?? 0;
    return times.includes(ms + 1) && shown !== ms ? ms + 1 : shown;
  }

  /** Time of the frame `n` frames later (earlier if negative), clamped to the film. */
  async step(ms: number, n: number): Promise<number> {
    const times = await this.#near(ms);
    const here = times.findLastIndex((time) => time <= ms);
    return times[Math.min(Math.max(here + n, 0), times.length - 1)] ?? ms;
  }

  /** End of a clip whose last frame is the one shown at `ms`. */
  async endAfter(ms: number): Promise<number> {
    const times = await this.#near(ms);
    return times.find((time) => time > ms) ?? this.film.facts.durationMs;
  }

  async #near(ms: number): Promise<number[]> {
    const margin = WINDOW_MS / 2;
    const end = this.film.facts.durationMs;
    if (ms - margin < this.#fromMs && this.#fromMs > 0 || ms + margin > this.#toMs && this.#toMs < end) {
      this.#times = await this.film.frameTimes(Math.max(0, Math.round(ms)), WINDOW_MS);
      this.#fromMs = Math.max(0, ms - WINDOW_MS);
      this.#toMs = Math.min(end, ms + WINDOW_MS);
    }
    return this.#times;
  }
}
