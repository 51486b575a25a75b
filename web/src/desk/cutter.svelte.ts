/** Cuts marked moments in the background once a mark has stopped changing: copies one after another, then some encodings at once. */

import { SvelteMap } from 'svelte/reactivity';
import { cutKey, type FilmSent } from '../api/storageKeys';
import { cut, discardCut, FilmProblem, type CoverMark, type CutMode, type FinishedCut, type Moment } from '../film';
import { momentOf, spanOf, type KeptCut, type Mark } from './marks';

const SETTLE_MS = 700;
/** What is quick first. */
const ORDER: readonly CutMode[] = ['lossless', 'light', 'covered'];

export interface CutState {
  readonly mark: string;
  readonly mode: CutMode;
  readonly span: string;
  readonly share: number;
  readonly done: FinishedCut | null;
  readonly problem: string | null;
}

interface Wanted {
  readonly mark: Mark;
  readonly mode: CutMode;
}

type Cutting = (file: File, moment: Moment, mode: CutMode, name: string, onProgress: (share: number) => void, signal: AbortSignal, marks: readonly CoverMark[]) => Promise<FinishedCut>;

/** Cuts are sealed by the key of their film, which only a signed-in page gets. */
export const cutSealed = (of: () => FilmSent): Cutting => async (file, moment, mode, name, onProgress, signal, marks) =>
  cut(file, moment, mode, name, await cutKey(of()), onProgress, signal, marks);

const keyOf = ({ mark, mode }: Wanted): string => `${mark.id}/${mode}`;

export class Cutter {
  #states = new SvelteMap<string, CutState>();
  #wanted: Wanted[] = [];
  readonly #running = new Set<{ key: string; mode: CutMode; span: string; stop: AbortController }>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #settled: (() => void)[] = [];

  /** `lightAtOnce`: how many may be encoded at once just now. */
  constructor(
    private readonly file: File,
    private readonly onCut: () => void,
    kept: readonly KeptCut[] = [],
    private readonly lightAtOnce: () => number = () => 1,
    private readonly make: Cutting,
    /** What is covered in a mark's `covered` cut. */
    private readonly coversOf: (mark: Mark) => readonly CoverMark[] = () => [],
  ) {
    for (const { mark, mode, span, cut: done } of kept) {
      this.#states.set(`${mark}/${mode}`, { mark, mode, span, share: 1, done, problem: null });
    }
  }

  /** State of a mark's cut; undefined before it was started. */
  stateOf(mark: Mark, mode: CutMode): CutState | undefined {
    const state = this.#states.get(`${mark.id}/${mode}`);
    return state?.span === this.#spanOf(mark, mode) ? state : undefined;
  }

  /** A cut is outdated when this is another. */
  #spanOf(mark: Mark, mode: CutMode): string {
    return mode === 'covered' ? `${spanOf(mark)} ${JSON.stringify(this.coversOf(mark))}` : spanOf(mark);
  }

  /** Sets the marks and the modes in which each is to be cut: outdated cuts are discarded, missing ones are cut. */
  setWanted(marks: readonly Mark[], modesOf: (mark: Mark) => readonly CutMode[]): void {
    const all = marks.flatMap((mark) => modesOf(mark).map((mode) => ({ mark: $state.snapshot(mark) as Mark, mode })));
    this.#wanted = ORDER.flatMap((mode) => all.filter((one) => one.mode === mode));
    for (const [key, state] of this.#states) {
      const mark = marks.find(({ id }) => id === state.mark);
      if (!mark || this.#spanOf(mark, state.mode) !== state.span) this.#drop(key);
    }
    const wanted = new Set(this.#wanted.map((one) => `${keyOf(one)} ${this.#spanOf(one.mark, one.mode)}`));
    for (const { key, span, stop } of this.#running) if (!wanted.has(`${key} ${span}`)) stop.abort();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#goOn();
    }, SETTLE_MS);
  }

  /** Retries failed cuts of a mark. */
  retry(mark: Mark): void {
    for (const [key, state] of this.#states) if (state.mark === mark.id && state.problem) this.#states.delete(key);
    this.#goOn();
  }

  /** Resolves when every wanted cut is finished or has failed. */
  async finish(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#goOn();
    if (!this.#isDone()) await new Promise<void>((resolve) => this.#settled.push(resolve));
  }

  /** All finished cuts, for the draft. */
  finishedCuts(): KeptCut[] {
    return [...this.#states.values()].flatMap(({ mark, mode, span, done }) => (done ? [{ mark, mode, span, cut: done }] : []));
  }

  /** Hands over the finished cuts of these marks, discards their others and keeps those of all else; stops until setWanted() is called again. */
  takeCuts(marks: readonly Mark[], modeOf: (mark: Mark) => CutMode): Map<string, FinishedCut> {
    const given = new Map<string, FinishedCut>();
    for (const [key, state] of this.#states) {
      const mark = marks.find(({ id }) => id === state.mark);
      if (!mark) continue;
      if (state.mode === modeOf(mark) && state.done) {
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
    this.#timer = undefined;
    this.#wanted = [];
    for (const { stop } of this.#running) stop.abort();
  }

  /** Goes on where more may be encoded at once than before; marks that have just changed are still waited for. */
  resume(): void {
    if (this.#timer === undefined) this.#goOn();
  }

  #goOn(): void {
    for (let next = this.#next(); next; next = this.#next()) void this.#cutOne(next.mark, next.mode);
    if (this.#isDone()) for (const resume of this.#settled.splice(0)) resume();
  }

  #drop(key: string): void {
    const done = this.#states.get(key)?.done;
    this.#states.delete(key);
    if (done) void discardCut(done.name);
  }

  #isDone(): boolean {
    return this.#running.size === 0 && !this.#missing().length;
  }

  #missing(): Wanted[] {
    return this.#wanted.filter(({ mark, mode }) => !this.stateOf(mark, mode));
  }

  /** The copies first: they are quick, and what is sent most. One that was called off ends before it is begun anew. */
  #next(): Wanted | undefined {
    const running = [...this.#running];
    const next = this.#missing().find((one) => !running.some(({ key }) => key === keyOf(one)));
    if (!next || running.some(({ mode }) => mode === 'lossless')) return undefined;
    return next.mode === 'lossless' || running.length < this.lightAtOnce() ? next : undefined;
  }

  async #cutOne(mark: Mark, mode: CutMode): Promise<void> {
    const key = `${mark.id}/${mode}`;
    const [span, marks] = [this.#spanOf(mark, mode), mode === 'covered' ? this.coversOf(mark) : []];
    const name = `${mark.id}-${mode}-${crypto.randomUUID().slice(0, 8)}`;
    const stop = new AbortController();
    const tell = (share: number, done: FinishedCut | null = null, problem: string | null = null): void => {
      if (!stop.signal.aborted) this.#states.set(key, { mark: mark.id, mode, span, share, done, problem });
    };
    const running = { key, mode, span, stop };
    this.#running.add(running);
    tell(0);
    try {
      const done = await this.make(this.file, momentOf(mark), mode, name, (share) => tell(share), stop.signal, $state.snapshot(marks) as CoverMark[]);
      if (stop.signal.aborted) await discardCut(name);
      else tell(1, done);
    } catch (error) {
      // An aborted cut is no longer wanted; any other problem is shown with the moment.
      if (!stop.signal.aborted) console.info('not cut:', String(error));
      tell(0, null, error instanceof FilmProblem ? error.sentence : new FilmProblem('unexpected', String(error)).sentence);
    } finally {
      if (stop.signal.aborted && this.#states.get(key)?.done === null) this.#states.delete(key);
      this.#running.delete(running);
    }
    this.onCut();
    this.#goOn();
  }
}
