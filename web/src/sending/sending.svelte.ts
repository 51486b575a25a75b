/** One selection on its way: its moments go one after another, in the order of the review, until the service has them. */

import { cutFile, discardCut, FilmProblem } from '../film';
import { filmAgain, forgetFilm } from '../desk/fileHandles';
import { api, ApiError } from '../api/client.svelte';
import { followSelection } from '../api/selectionEvents';
import { find, forget, keep } from '../desk/browserDatabase';
import type { SelectionView } from '../api/types';
import { Line } from './bandwidth';
import type { Part, SendingRecord } from './sendingRecord';
import { upload } from './upload';

export class Sending {
  record = $state() as SendingRecord;
  view = $state.raw<SelectionView | null>(null);
  erased = $state(false);
  /** Index of the part that moves, how much of it has gone, and how fast. */
  current = $state(-1);
  currentBytes = $state(0);
  bytesPerS = $state<number | null>(null);
  /** Why nothing moves just now, though it will by itself. */
  waiting = $state<string | null>(null);
  /** Why it cannot go on without a person. */
  problem = $state<string | null>(null);
  /** Another tab of this browser is sending it. */
  elsewhere = $state(false);
  /** The film has to be chosen again, because it travels whole. */
  wantsFilm = $state(false);
  /** The browser knows where it lies, and wants a click before it is read. */
  wantsConsent = $state(false);
  #film: File | null;
  #stop = new AbortController();
  #end = new AbortController();
  #line = new Line();

  constructor(record: SendingRecord, film: File | null = null) {
    this.record = record;
    this.#film = film;
  }

  get id(): string {
    return this.record.id;
  }

  get totalBytes(): number {
    return this.record.parts.reduce((sum, part) => sum + part.bytes, 0);
  }

  get sentBytes(): number {
    const done = this.record.parts.reduce((sum, part) => sum + (part.done ? part.bytes : 0), 0);
    return Math.min(this.totalBytes, done + (this.current >= 0 ? this.currentBytes : 0));
  }

  get allSent(): boolean {
    return this.record.parts.every((part) => part.done);
  }

  get secondsLeft(): number | null {
    return this.bytesPerS ? (this.totalBytes - this.sentBytes) / this.bytesPerS : null;
  }

  /** Sends what is not there yet and follows what becomes of it. */
  start(): void {
    void this.#follow();
    void this.#send();
  }

  async pause(): Promise<void> {
    this.record.paused = true;
    this.#stop.abort();
    await this.#keep();
  }

  async goOn(film: File | null = null): Promise<void> {
    if (film) this.#film = film;
    this.record.paused = false;
    this.problem = null;
    this.wantsFilm = this.wantsConsent = false;
    await this.#keep();
    void this.#send();
  }

  /** Goes on with the film that the browser remembers; call it after a click. */
  async goOnAsking(): Promise<void> {
    const found = await filmAgain(this.id, this.record.filmKey, true);
    this.wantsConsent = false;
    if (found instanceof File) await this.goOn(found);
  }

  /** Erases it here and, where it still is, from the service. Throws ApiError. */
  async discard(): Promise<void> {
    this.#stop.abort();
    await api.DELETE('/api/v1/selections/{selection_id}', { params: { path: { selection_id: this.id } } }).catch((error: unknown) => {
      if (!(error instanceof ApiError) || error.status !== 404) throw error;
    });
    await this.forget();
  }

  /** Forgets it in this browser; what the service holds stays there. */
  async forget(): Promise<void> {
    this.#stop.abort();
    this.#end.abort();
    await forget('sendings', this.id);
    await forgetFilm(this.id);
    await Promise.all(this.record.parts.map((part) => part.cut && discardCut(part.cut)));
  }

  /** Asks the service to try again what failed there. Throws ApiError. */
  async tryAgain(): Promise<void> {
    await api.POST('/api/v1/selections/{selection_id}/retry', { params: { path: { selection_id: this.id } } });
    this.followAgain();
  }

  /** More was asked of the service after everything had been settled. */
  followAgain(): void {
    void this.#follow();
  }

  async #follow(): Promise<void> {
    try {
      const end = await followSelection(this.id, (view) => (this.view = view), this.#end.signal);
      this.erased = end === 'erased';
    } catch (error) {
      if (!this.#end.signal.aborted) this.problem = sentenceOf(error);
    }
  }

  async #send(): Promise<void> {
    if (this.record.paused || this.allSent) return;
    this.#stop.abort();
    const stop = (this.#stop = new AbortController());
    this.elsewhere = true;
    try {
      // One tab at a time; the others wait here and take over when that one is closed.
      await navigator.locks.request(`vigpack-sending-${this.id}`, { signal: stop.signal }, async () => {
        this.elsewhere = false;
        const newest = await find<SendingRecord>('sendings', this.id);
        newest?.parts.forEach((part, n) => part.done && this.#markDone(n));
        for (const [n, part] of this.record.parts.entries()) if (!part.done) await this.#sendPart(n, part, stop.signal);
      });
    } catch (error) {
      if (!stop.signal.aborted) this.#tell(error);
    } finally {
      this.elsewhere = false;
      this.waiting = null;
      if (this.#stop === stop) this.current = -1;
    }
  }

  async #sendPart(n: number, part: Part, signal: AbortSignal): Promise<void> {
    const file = part.cut === null ? await this.#wholeFilm() : await cutFile(part.cut);
    if (!file) {
      this.wantsFilm = true;
      throw new ApiError(0, 'film_wanted', 'Choose the film again, and sending goes on where it stopped.');
    }
    this.current = n;
    this.currentBytes = 0;
    this.#line.restart();
    let first = true;
    const metadata: Record<string, string> = part.moment ? { moment: part.moment } : { selection: this.id };
    await upload(
      file,
      metadata,
      {
        progress: (bytes) => {
          // The first report may tell of bytes that went another time.
          if (!first && bytes > this.currentBytes) this.#line.sent(bytes - this.currentBytes);
          first = false;
          this.currentBytes = bytes;
          this.bytesPerS = this.#line.bytesPerS ?? this.bytesPerS;
        },
        chunk: () => this.#line.remember(),
        waiting: (sentence) => {
          this.waiting = sentence;
          if (sentence) {
            this.#line.restart();
            first = true;
          }
        },
      },
      signal,
    );
    this.#line.remember();
    this.#markDone(n);
    this.current = -1;
    await this.#keep();
    if (part.cut) await discardCut(part.cut);
    else await forgetFilm(this.id);
  }

  async #wholeFilm(): Promise<File | null> {
    if (this.#film) return this.#film;
    const found = await filmAgain(this.id, this.record.filmKey);
    this.wantsConsent = found === 'ask';
    return found === 'ask' ? null : (this.#film = found);
  }

  #markDone(n: number): void {
    const part = this.record.parts[n];
    if (part) part.done = true;
  }

  #tell(error: unknown): void {
    if (this.wantsFilm) return;
    this.problem = sentenceOf(error);
    if (error instanceof ApiError && error.code === 'upload_target_missing') this.erased = true;
  }

  async #keep(): Promise<void> {
    await keep('sendings', this.id, $state.snapshot(this.record));
  }
}

export function sentenceOf(error: unknown): string {
  if (error instanceof ApiError || error instanceof FilmProblem) return error.sentence;
  return `Something went wrong that nobody foresaw. Nothing is lost; reload the page to go on. (${String(error)})`;
}
