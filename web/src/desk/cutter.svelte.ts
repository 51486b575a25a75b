/** Cuts marked moments in the background, one after another, once a mark has stopped changing. */

import { SvelteMap } from 'svelte/reactivity';
import { cutKey } from '../api/storageKeys';
import { cut, discardCut, FilmProblem, type CutMode, type FinishedCut } from '../film';
import { momentOf, spanOf, type KeptCut, type Mark } from './marks';

const SETTLE_MS = 700;

export interface CutState {
  readonly mark: string;
  readonly mode: CutMode;
  readonly span: string;
  readonly share: number;
  readonly done: FinishedCut | null;
  readonly problem: string | null;
}

export class Cutter {
  #states = new SvelteMap<string, CutState>();
  #wanted: { mark: Mark; mode: CutMode }[] = [];
  #running: { key: string; span: string; stop: AbortController } | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #settled: (() => void)[] = [];

  constructor(
    private readonly file: File,
    private readonly onCut: () => void,
    kept: readonly KeptCut[] = [],
  ) {
    for (const { mark, mode, span, cut: done } of kept) {
      this.#states.set(`${mark}/${mode}`, { mark, mode, span, share: 1, done, problem: null });
    }
  }

  /** State of a mark's cut; undefined before it was started. */
  stateOf(mark: Mark, mode: CutMode): CutState | undefined {
    const state = this.#states.get(`${mark.id}/${mode}`);
    return state?.span === spanOf(mark) ? state : undefined;
  }

  /** Sets the marks and modes to be cut: outdated cuts are discarded, missing ones are cut. */
  setWanted(marks: readonly Mark[], modes: readonly CutMode[]): void {
    this.#wanted = modes.flatMap((mode) => marks.map((mark) => ({ mark: $state.snapshot(mark) as Mark, mode })));
    const spans = new Map(marks.map((mark) => [mark.id, spanOf(mark)]));
    for (const [key, state] of this.#states) {
      if (spans.get(state.mark) !== state.span) this.#drop(key);
    }
    if (this.#running && !this.#wanted.some((one) => this.#isRunning(one))) this.#running.stop.abort();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#work(), SETTLE_MS);
  }

  /** Retries failed cuts of a mark. */
  retry(mark: Mark): void {
    for (const [key, state] of this.#states) if (state.mark === mark.id && state.problem) this.#states.delete(key);
    void this.#work();
  }

  /** Resolves when every wanted cut is finished or has failed. */
  async finish(): Promise<void> {
    clearTimeout(this.#timer);
    void this.#work();
    if (this.#next() || this.#running) await new Promise<void>((resolve) => this.#settled.push(resolve));
  }

  /** All finished cuts, for the draft. */
  finishedCuts(): KeptCut[] {
    return [...this.#states.values()].flatMap(({ mark, mode, span, done }) => (done ? [{ mark, mode, span, cut: done }] : []));
  }

  /** Hands over the finished cuts of a mode and discards the rest; stops until setWanted() is called again. */
  takeCuts(mode: CutMode): Map<string, FinishedCut> {
    const given = new Map<string, FinishedCut>();
    for (const [key, state] of this.#states) {
      if (state.mode === mode && state.done) {
        given.set(state.mark, state.done);
        this.#states.delete(key);
      } else this.#drop(key);
    }
    this.stop();
    return given;
  }

  /** Stops cutting; finished cuts are kept. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#wanted = [];
    this.#running?.stop.abort();
  }

  #isRunning({ mark, mode }: { mark: Mark; mode: CutMode }): boolean {
    return this.#running?.key === `${mark.id}/${mode}` && this.#running.span === spanOf(mark);
  }

  #drop(key: string): void {
    const done = this.#states.get(key)?.done;
    this.#states.delete(key);
    if (done) void discardCut(done.name);
  }

  #next(): { mark: Mark; mode: CutMode } | undefined {
    return this.#wanted.find(({ mark, mode }) => !this.stateOf(mark, mode));
  }

  async #work(): Promise<void> {
    if (this.#running) return;
    for (let next = this.#next(); next; next = this.#next()) await this.#cutOne(next.mark, next.mode);
    for (const resume of this.#settled.splice(0)) resume();
  }

  async #cutOne(mark: Mark, mode: CutMode): Promise<void> {
    const key = `${mark.id}/${mode}`;
    const span = spanOf(mark);
    const name = `${mark.id}-${mode}-${crypto.randomUUID().slice(0, 8)}`;
    const stop = new AbortController();
    const tell = (share: number, done: FinishedCut | null = null, problem: string | null = null): void => {
      if (!stop.signal.aborted) this.#states.set(key, { mark: mark.id, mode, span, share, done, problem });
    };
    this.#running = { key, span, stop };
    tell(0);
    try {
      const done = await cut(this.file, momentOf(mark), mode, name, await cutKey(), (share) => tell(share), stop.signal);
      if (stop.signal.aborted) await discardCut(name);
      else tell(1, done);
    } catch (error) {
      // An aborted cut is no longer wanted; any other problem is shown with the moment.
      if (!stop.signal.aborted) console.info('not cut:', String(error));
      tell(0, null, error instanceof FilmProblem ? error.sentence : new FilmProblem('unexpected', String(error)).sentence);
    } finally {
      if (stop.signal.aborted && this.#states.get(key)?.done === null) this.#states.delete(key);
      this.#running = null;
    }
    this.onCut();
  }
}
