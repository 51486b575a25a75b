/** The times of a film's frames near a place, so that a step is exactly one frame. */

import type { Film } from '../film';

const WINDOW_MS = 4000;

export class Frames {
  #times: number[] = [];
  #fromMs = 0;
  #toMs = -1;

  constructor(private readonly film: Film) {}

  /** The frame on screen at `ms`: the last one that is not later. */
  async shownAt(ms: number): Promise<number> {
    const times = await this.#near(ms);
    return times.findLast((time) => time <= ms) ?? times[0] ?? 0;
  }

  /** The frame a player means by `ms`, which may have been rounded differently. */
  async nearest(ms: number): Promise<number> {
    const times = await this.#near(ms);
    const shown = times.findLast((time) => time <= ms) ?? times[0] ?? 0;
    return times.includes(ms + 1) && shown !== ms ? ms + 1 : shown;
  }

  /** `n` frames on, or back where `n` is negative; stops at the first and the last. */
  async step(ms: number, n: number): Promise<number> {
    const times = await this.#near(ms);
    const here = times.findLastIndex((time) => time <= ms);
    return times[Math.min(Math.max(here + n, 0), times.length - 1)] ?? ms;
  }

  /** Where a clip ends whose last frame is the one shown at `ms`. */
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
