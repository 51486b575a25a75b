/** One selection being sent: its moments are uploaded one after another, in the order of the review. */

import { isStorageBlocked } from '../ui/storage';
import { discardCut } from '../film';
import { sentenceOf } from '../ui/sentenceOf';
import { reopenFilm, forgetFilm } from '../desk/fileHandles';
import { api, ApiError } from '../api/client.svelte';
import { followSelection } from '../api/selectionEvents';
import { get, put, remove } from '../desk/browserDatabase';
import type { SelectionView } from '../api/types';
import { BandwidthMeter } from './bandwidth';
import { clearCut, clearFilm, isKeptBack, type Cleared } from './clearance';
import type { Part, SendingRecord } from './sendingRecord';
import { upload } from './upload';

export class Sending {
  record = $state() as SendingRecord;
  view = $state.raw<SelectionView | null>(null);
  erased = $state(false);
  /** Index of the part being uploaded, its bytes sent, and the bandwidth. */
  current = $state(-1);
  currentBytes = $state(0);
  bytesPerS = $state<number | null>(null);
  /** Why nothing is being sent just now, though it will resume by itself. */
  waiting = $state<string | null>(null);
  /** Why it needs a person to continue. */
  problem = $state<string | null>(null);
  /** Another tab of this browser is sending it. */
  inOtherTab = $state(false);
  /** The whole film is being sent, and has to be chosen again. */
  needsFilm = $state(false);
  /** The browser has a handle to the film, and needs a click before it may be read. */
  needsPermission = $state(false);
  /** Called when the service has it no more. */
  onErased: () => void = () => undefined;
  #film: File | null;
  #stop = new AbortController();
  #end = new AbortController();
  #bandwidth = new BandwidthMeter();

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

  /** Uploads the missing parts and follows the selection's progress. */
  start(): void {
    void this.#follow();
    void this.#send();
  }

  async pause(): Promise<void> {
    this.record.paused = true;
    this.#stop.abort();
    await this.#keep();
  }

  async resume(film: File | null = null): Promise<void> {
    if (film) this.#film = film;
    this.record.paused = false;
    this.problem = null;
    this.needsFilm = this.needsPermission = false;
    await this.#keep();
    void this.#send();
  }

  /** Resumes with the film the browser has a handle to; call it from a click. */
  async resumeAsking(): Promise<void> {
    const found = await reopenFilm(this.id, this.record.filmKey, true);
    this.needsPermission = false;
    if (found instanceof File) await this.resume(found);
  }

  /** Erases it here and, where it still is, from the service. Throws ApiError. */
  async discard(): Promise<void> {
    this.#stop.abort();
    await api.DELETE('/api/v1/selections/{selection_id}', { params: { path: { selection_id: this.id } } }).catch((error: unknown) => {
      if (!(error instanceof ApiError) || error.status !== 404) throw error;
    });
    await this.forget();
  }

  /** Ends sending and following; its record is gone. */
  end(): void {
    this.erased = true;
    this.#stop.abort();
    this.#end.abort();
  }

  /** Removes it from this browser; what the service holds stays there. */
  async forget(): Promise<void> {
    this.#stop.abort();
    this.#end.abort();
    await remove('sendings', this.id);
    await forgetFilm(this.id);
    await Promise.all(this.record.parts.map((part) => part.cut && discardCut(part.cut)));
  }

  /** Sends parts of moments that were added to it. */
  async addParts(parts: readonly Part[]): Promise<void> {
    this.record.parts.push(...parts);
    await this.resume();
    this.followAgain();
  }

  /** Has the service retry the failed jobs. Throws ApiError. */
  async tryAgain(): Promise<void> {
    await api.POST('/api/v1/selections/{selection_id}/retry', { params: { path: { selection_id: this.id } } });
    this.followAgain();
  }

  /** Follows again, after more was requested of a settled selection. */
  followAgain(): void {
    void this.#follow();
  }

  async #follow(): Promise<void> {
    try {
      const end = await followSelection(this.id, (view) => (this.view = view), this.#end.signal);
      this.erased = end === 'erased';
      if (this.erased) this.onErased();
    } catch (error) {
      if (!this.#end.signal.aborted) this.problem = sentenceOf(error);
    }
  }

  async #send(): Promise<void> {
    if (this.record.paused || this.allSent) return;
    this.#stop.abort();
    const stop = (this.#stop = new AbortController());
    this.inOtherTab = true;
    try {
      // One tab sends at a time; the others wait here and take over when it is closed.
      const sendAll = async (): Promise<void> => {
        this.inOtherTab = false;
        const newest = await get<SendingRecord>('sendings', this.id);
        newest?.parts.forEach((part, n) => part.done && this.#markDone(n));
        // What is kept back here keeps nothing else back.
        let keptBack: Error | null = null;
        for (const [n, part] of this.record.parts.entries()) {
          if (part.done) continue;
          await this.#sendPart(n, part, stop.signal).catch((error: unknown) => {
            if (!isKeptBack(error)) throw error;
            keptBack = error;
          });
        }
        if (keptBack) throw keptBack as Error;
      };
      if (isStorageBlocked()) await sendAll(); // locks are denied, and no other tab knows of this sending
      else await navigator.locks.request(`vigpack-sending-${this.id}`, { signal: stop.signal }, sendAll);
    } catch (error) {
      if (!stop.signal.aborted) this.#tell(error);
    } finally {
      this.inOtherTab = false;
      this.waiting = null;
      if (this.#stop === stop) this.current = -1;
    }
  }

  async #sendPart(n: number, part: Part, signal: AbortSignal): Promise<void> {
    const file = part.cut === null ? await this.#wholeFilm() : await clearCut(part.cut, part, this.record);
    if (!file) {
      this.needsFilm = true;
      throw new ApiError(0, 'film_wanted', 'Choose the film again, and sending goes on where it stopped.');
    }
    this.current = n;
    this.currentBytes = 0;
    this.#bandwidth.restart();
    let first = true;
    const metadata: Record<string, string> = part.moment ? { moment: part.moment } : { selection: this.id };
    await upload(
      file,
      metadata,
      {
        progress: (bytes) => {
          // The first report may include bytes of an earlier session.
          if (!first && bytes > this.currentBytes) this.#bandwidth.sent(bytes - this.currentBytes);
          first = false;
          this.currentBytes = bytes;
          this.bytesPerS = this.#bandwidth.bytesPerS ?? this.bytesPerS;
        },
        chunk: () => this.#bandwidth.remember(),
        waiting: (sentence) => {
          this.waiting = sentence;
          if (sentence) {
            this.#bandwidth.restart();
            first = true;
          }
        },
      },
      signal,
    );
    this.#bandwidth.remember();
    this.#markDone(n);
    this.current = -1;
    await this.#keep();
    if (part.cut) await discardCut(part.cut);
    else await forgetFilm(this.id);
  }

  async #wholeFilm(): Promise<Cleared | null> {
    const found = await clearFilm(this.#film, this.record);
    this.needsPermission = found === 'ask';
    return found === 'ask' ? null : found;
  }

  #markDone(n: number): void {
    const part = this.record.parts[n];
    if (part) part.done = true;
  }

  #tell(error: unknown): void {
    if (this.needsFilm) return;
    this.problem = sentenceOf(error);
    if (error instanceof ApiError && error.code === 'upload_target_missing') this.erased = true;
  }

  async #keep(): Promise<void> {
    if (this.erased) return; // what is erased stays erased
    await put('sendings', this.id, $state.snapshot(this.record));
  }
}
