/** The ends of a prepared moment while they are moved, on the clock of what was sent for it. */

import { Queue } from '../../ui/queue';
import type { Film } from '../../film';
import { FrameTimes } from '../../desk/frameTimes';
import type { MomentView, MomentTrim } from '../../api/types';

export type Move = { frames: number } | { ms: number };

type Times = { in: number; out: number } | { at: number };

export class TrimState {
  /** Of a still both stand for its one picture: `outMs` is the next millisecond. */
  inMs = $state(0);
  outMs = $state(1);
  readonly frames: FrameTimes;
  readonly startMs: number;
  readonly limitMs: number;
  readonly #moves = new Queue();
  readonly #before: readonly [number, number];

  constructor(
    film: Film,
    private readonly moment: MomentView,
    held: { from_ms: number; to_ms: number },
  ) {
    const now: Times = moment.cut ?? moment.moment;
    this.frames = new FrameTimes(film);
    this.startMs = held.from_ms;
    this.limitMs = held.to_ms - held.from_ms;
    this.#before = 'at' in now ? [now.at, now.at + 1] : [now.in, now.out];
    [this.inMs, this.outMs] = this.#before;
  }

  get changed(): boolean {
    return this.inMs !== this.#before[0] || this.outMs !== this.#before[1];
  }

  /** Moves an end, by whole frames or by a stretch of time, as far as something was sent and some length is left. */
  move(end: 'in' | 'out', by: Move): Promise<void> {
    return this.#moves.add(() => this.#move(end, by));
  }

  async #move(end: 'in' | 'out', by: Move): Promise<void> {
    const { frames } = this;
    const from = await frames.shownAt(end === 'in' ? this.inMs : this.outMs - 1);
    const wanted = 'frames' in by ? await frames.step(from, by.frames) : await frames.shownAt(this.#within(from + by.ms));
    const shown = wanted < this.limitMs ? wanted : await frames.shownAt(this.limitMs - 1);
    if (this.moment.kind === 'still') [this.inMs, this.outMs] = [shown, shown + 1];
    else if (end === 'in' && shown < this.outMs) this.inMs = shown;
    else if (end === 'out' && shown >= this.inMs) this.outMs = Math.min(this.limitMs, await frames.endAfter(shown));
  }

  /** What the service is asked for. */
  asked(): MomentTrim {
    const own = this.#times(0);
    const onFilm = this.#times(this.startMs);
    return this.moment.cut ? { ...onFilm, cut: own } : onFilm;
  }

  #times(offsetMs: number): Times {
    const inMs = this.inMs + offsetMs;
    return this.moment.kind === 'still' ? { at: inMs } : { in: inMs, out: this.outMs + offsetMs };
  }

  #within(ms: number): number {
    return Math.min(Math.max(0, ms), this.limitMs - 1);
  }
}
