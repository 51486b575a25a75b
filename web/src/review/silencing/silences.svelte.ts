/** Which stretches of a clip are to be silent, on the clip's own clock, and which of them were heard. */

import type { MomentView } from '../../api/types';
import { MOST_SILENCES } from '../../limits';
import type { Stretch } from './clipSound';

export const LEAST_MS = 20;

const sorted = (stretches: readonly Stretch[]): Stretch[] => [...stretches].sort((one, other) => one.fromMs - other.fromMs);
const name = ({ fromMs, toMs }: Stretch): string => `${fromMs}-${toMs}`;

export class Silences {
  all = $state.raw<readonly Stretch[]>([]);
  heard = $state.raw<ReadonlySet<string>>(new Set());
  readonly before: readonly Stretch[];
  readonly #beginsMs: number;
  readonly #elsewhere: readonly { from: number; to: number }[];

  constructor(moment: MomentView, readonly durationMs: number) {
    const told = 'in' in moment.moment ? moment.moment : { in: 0, silence: [] };
    this.#beginsMs = moment.facts?.begins_ms ?? told.in;
    const on = (told.silence ?? []).map(({ from, to }) => ({ from: from - this.#beginsMs, to: to - this.#beginsMs }));
    const inside = ({ from, to }: { from: number; to: number }): boolean => to > 0 && from < durationMs;
    this.before = sorted(on.filter(inside).map(({ from, to }) => ({ fromMs: Math.max(0, from), toMs: Math.min(durationMs, to) })));
    // What lies outside of its ends stays silent, for when the ends are moved.
    this.#elsewhere = (told.silence ?? []).filter((_, n) => !inside(on[n]!));
    this.all = this.before;
    this.heard = new Set(this.before.map(name));
  }

  get changed(): boolean {
    return this.all.map(name).join() !== this.before.map(name).join();
  }

  /** Whether something that is silent now would be heard again. */
  get opens(): boolean {
    return this.before.some((was) => !this.all.some((one) => one.fromMs <= was.fromMs && one.toMs >= was.toMs));
  }

  get unheard(): number {
    return this.all.filter((one) => !this.isHeard(one)).length;
  }

  get full(): boolean {
    return this.all.length + this.#elsewhere.length >= MOST_SILENCES;
  }

  isHeard(one: Stretch): boolean {
    return this.heard.has(name(one));
  }

  /** Notes that it was played from before its start to behind its end. */
  hear(one: Stretch): void {
    this.heard = new Set([...this.heard, name(one)]);
  }

  /** A stretch within the clip, not too short to be anything; `of`: in place of that one. Returns what was put there. */
  put(fromMs: number, toMs: number, of?: Stretch): Stretch | null {
    const from = Math.round(Math.min(Math.max(0, fromMs), this.durationMs - LEAST_MS));
    const to = Math.round(Math.max(from + LEAST_MS, Math.min(this.durationMs, toMs)));
    if (Number.isNaN(from + to) || (!of && this.full)) return null;
    const one = { fromMs: from, toMs: to };
    this.all = sorted([...this.all.filter((other) => other !== of), one]);
    return one;
  }

  remove(one: Stretch): void {
    this.all = this.all.filter((other) => other !== one);
  }

  /** As the service is asked: on the film's clock. */
  asked(): { from: number; to: number }[] {
    const own = this.all.map(({ fromMs, toMs }) => ({ from: Math.floor(fromMs + this.#beginsMs), to: Math.ceil(toMs + this.#beginsMs) }));
    return [...own, ...this.#elsewhere].sort((one, other) => one.from - other.from);
  }
}
