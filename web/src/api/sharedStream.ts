/**
 * One stream of events for all tabs of this browser, which has six connections to a host for all of them together.
 *
 * The tab that holds a Web Lock reads the stream, of everything that any tab wants, and hands on what it hears by a
 * BroadcastChannel. When that tab is closed, the browser gives the lock to the next; when it is frozen and answers no
 * more, another takes the lock from it. A stream begins with how everything is, so nothing is lost when either happens.
 * A tab that cannot share (storage blocked, plain http to another machine, or signed in by itself) reads a stream of its own while it is looked at.
 */

import { isStorageBlocked } from '../ui/storage';
import { ApiError, signIn } from './client.svelte';
import { sleep } from './sleep';

export interface Listener<T> {
  told(message: T): void;
  /** Something may have been missed: look for yourself. */
  missed(): void;
}

/** Tells what it hears of these subjects until the stream ends. Throws AbortError, or any error where it did not begin. */
export type Connect<T> = (subjects: string[], tell: (subject: string, message: T) => void, signal: AbortSignal) => Promise<void>;

type Note<T> =
  | { kind: 'wants'; from: string; subjects: string[] }
  | { kind: 'leading' }
  | { kind: 'here' }
  | { kind: 'told'; subject: string; message: T };

const PING_MS = 2_000;
/** So many pings without an answer, and the leading tab is taken to be frozen. */
const UNANSWERED = 3;
/** A tab that closed without a word wants nothing any more. A hidden tab's timers run once a minute. */
const FORGOTTEN_MS = 180_000;
/** Wants that come together are connected for together. */
const GATHER_MS = 60;
const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 15_000;

export class SharedStream<T> {
  readonly #tab = `${Math.random()} ${Math.random()}`; // randomUUID is not there over plain http
  readonly #listeners = new Map<string, Set<Listener<T>>>();
  /** What other tabs want, and when they last said so; known to the leading tab. */
  readonly #others = new Map<string, { subjects: string[]; at: number }>();
  #channel: BroadcastChannel | null = null;
  /** Aborted when nobody here listens any more. */
  #membership: AbortController | null = null;
  #isLeading = false;
  #unanswered = 0;
  #connected: ReadonlySet<string> = new Set();
  /** Aborted to connect anew, for other subjects. */
  #round = new AbortController();
  #gathering: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly name: string,
    private readonly connect: Connect<T>,
    private readonly most = Infinity,
    private readonly pingMs = PING_MS,
  ) {
    if (typeof document === 'undefined') return;
    addEventListener('pagehide', () => this.#leave());
    addEventListener('pageshow', (event) => {
      if (!event.persisted || !this.#listeners.size) return;
      this.#join();
      this.#tellMissed();
    });
    document.addEventListener('resume', () => this.#tellMissed());
  }

  /** Calls `listener` with everything that is heard of `subject` from now on, until the returned function is called. */
  subscribe(subject: string, listener: Listener<T>): () => void {
    const listening = this.#listeners.get(subject) ?? new Set();
    this.#listeners.set(subject, listening.add(listener));
    if (this.#membership) this.#wantsChanged();
    else this.#join();
    return () => {
      if (!listening.delete(listener) || listening.size) return;
      this.#listeners.delete(subject);
      if (this.#listeners.size) this.#wantsChanged();
      else this.#leave();
    };
  }

  #join(): void {
    const { signal } = (this.#membership = new AbortController());
    if (isStorageBlocked() || !('locks' in navigator) || signIn.bySecret) return void this.#readWhileVisible(signal);
    const channel = (this.#channel = new BroadcastChannel(this.name));
    channel.onmessage = ({ data }: MessageEvent<Note<T>>) => this.#hear(data);
    this.#wantsChanged();
    void this.#stand(signal);
  }

  #leave(): void {
    this.#post({ kind: 'wants', from: this.#tab, subjects: [] });
    this.#membership?.abort();
    this.#membership = null;
    this.#channel?.close();
    this.#channel = null;
  }

  /** Waits for the lock, or takes it from a tab that does not answer; leads; again where another tab took it away. */
  async #stand(signal: AbortSignal): Promise<void> {
    let steal = false;
    while (!signal.aborted) {
      const waiting = new AbortController();
      const watching = steal ? null : this.#watchLeader(waiting, signal);
      const options: LockOptions = steal ? { steal } : { signal: AbortSignal.any([signal, waiting.signal]) };
      const stop = new AbortController();
      let hasLed = false;
      try {
        await navigator.locks.request(this.name, options, async () => {
          clearInterval(watching ?? undefined);
          hasLed = true;
          await this.#lead(AbortSignal.any([signal, stop.signal]));
        });
      } catch (error) {
        if (!(error instanceof DOMException) || error.name !== 'AbortError') throw error;
      } finally {
        clearInterval(watching ?? undefined);
        stop.abort();
      }
      steal = waiting.signal.aborted;
      if (hasLed && !signal.aborted) this.#tellMissed(); // this tab was the frozen one
    }
  }

  #watchLeader(waiting: AbortController, signal: AbortSignal): ReturnType<typeof setInterval> {
    this.#unanswered = 0;
    return setInterval(() => {
      if (signal.aborted) return;
      if (this.#unanswered >= UNANSWERED) return waiting.abort();
      this.#unanswered += 1;
      this.#wantsChanged();
    }, this.pingMs * (1 + Math.random() / 2));
  }

  async #lead(signal: AbortSignal): Promise<void> {
    this.#isLeading = true;
    this.#others.clear();
    this.#post({ kind: 'leading' });
    try {
      await sleep(GATHER_MS, signal); // the other tabs say what they want
      await this.#read(signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      this.#isLeading = false;
      this.#connected = new Set();
    }
  }

  async #readWhileVisible(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const hidden = new AbortController();
      const seen = (): void => {
        if (document.hidden) hidden.abort();
      };
      document.addEventListener('visibilitychange', seen);
      this.#isLeading = true;
      await this.#read(AbortSignal.any([signal, hidden.signal])).catch(() => undefined);
      this.#isLeading = false;
      document.removeEventListener('visibilitychange', seen);
      while (document.hidden && !signal.aborted) {
        await new Promise((resolve) => document.addEventListener('visibilitychange', resolve, { once: true }));
      }
    }
  }

  /** Connects again and again, more and more slowly while nothing is heard. Throws AbortError. */
  async #read(signal: AbortSignal): Promise<void> {
    for (let failures = 0; ; ) {
      signal.throwIfAborted();
      const subjects = this.#wanted();
      this.#connected = new Set(subjects);
      this.#round = new AbortController();
      const round = AbortSignal.any([signal, this.#round.signal]);
      try {
        if (!subjects.length) await sleep(FORGOTTEN_MS, round);
        else await this.connect(subjects, (subject, message) => ((failures = 0), this.#spread(subject, message)), round);
        failures += 1;
        await sleep(delayMs(failures), round);
      } catch (error) {
        signal.throwIfAborted();
        if (this.#round.signal.aborted) continue; // others are wanted
        failures += 1;
        const askedMs = error instanceof ApiError ? (error.retryAfterS ?? 0) * 1000 : 0;
        await sleep(Math.max(askedMs, delayMs(failures)), round).catch(() => signal.throwIfAborted());
      }
    }
  }

  #hear(note: Note<T>): void {
    if (note.kind === 'wants') {
      if (!this.#isLeading) return;
      this.#others.set(note.from, { subjects: note.subjects, at: Date.now() });
      this.#post({ kind: 'here' });
      this.#gather();
      return;
    }
    this.#unanswered = 0;
    if (note.kind === 'told') this.#tell(note.subject, note.message);
    else if (note.kind === 'leading') this.#wantsChanged();
  }

  #wantsChanged(): void {
    if (this.#isLeading) this.#gather();
    else this.#post({ kind: 'wants', from: this.#tab, subjects: [...this.#listeners.keys()] });
  }

  /** Connects anew, soon, where something is wanted that the stream does not tell of. */
  #gather(): void {
    this.#gathering ??= setTimeout(() => {
      this.#gathering = undefined;
      const wanted = this.#wanted();
      if (wanted.some((subject) => !this.#connected.has(subject)) || (!wanted.length && this.#connected.size)) this.#round.abort();
    }, GATHER_MS);
  }

  #wanted(): string[] {
    const wanted = new Set(this.#listeners.keys());
    for (const [tab, { subjects, at }] of this.#others) {
      if (Date.now() - at > FORGOTTEN_MS) this.#others.delete(tab);
      else for (const subject of subjects) wanted.add(subject);
    }
    return [...wanted].slice(0, this.most);
  }

  #post(note: Note<T>): void {
    this.#channel?.postMessage(note);
  }

  #spread(subject: string, message: T): void {
    this.#tell(subject, message);
    this.#post({ kind: 'told', subject, message });
  }

  #tell(subject: string, message: T): void {
    for (const listener of [...(this.#listeners.get(subject) ?? [])]) listener.told(message);
  }

  #tellMissed(): void {
    for (const listening of [...this.#listeners.values()]) for (const listener of [...listening]) listener.missed();
  }
}

/** Longer with each failure, and not the same for all browsers that a restart has cut off. */
function delayMs(failures: number): number {
  return Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** (failures - 1)) * (0.5 + Math.random() / 2);
}
