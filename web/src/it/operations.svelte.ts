/** The service as it is just now, and what IT does about it. */

import { ask, askJson, Refused } from '../api/client.svelte';
import { readEvents } from '../api/eventStream';
import { sleep } from '../api/sleep';
import type { Act, AuditLine, JobPage, Operations, Span, Step, Which } from './shapes';

const OPERATIONS = '/api/v1/operations';
const AGAIN_MS = 2_000;
const SERIES_EVERY_MS = 60_000;

export class Watch {
  view = $state.raw<Operations | null>(null);
  /** When it was last told, and the time by this computer. */
  seenAt = $state(Date.now());
  now = $state(Date.now());
  /** False while the service does not answer. */
  reached = $state(true);
  span = $state<Span>('24h');
  steps = $state.raw<Step[]>([]);
  which = $state<Which>('failed');
  page = $state.raw<JobPage | null>(null);
  audit = $state.raw<AuditLine[]>([]);
  /** What the last act came to, in words. */
  said = $state('');
  busy = $state(false);
  #chosen = false;

  async follow(signal: AbortSignal): Promise<void> {
    const ticking = setInterval(() => (this.now = Date.now()), 1000);
    const series = setInterval(() => void this.refresh(), SERIES_EVERY_MS);
    try {
      while (!signal.aborted) {
        try {
          this.#see(await askJson<Operations>(OPERATIONS, { signal }));
          void this.refresh();
          await this.#stream(signal);
        } catch (error) {
          if (signal.aborted) return;
          if (!(error instanceof Refused)) throw error;
          this.reached = false;
          if (!error.passing) this.said = error.sentence;
        }
        await sleep(AGAIN_MS, signal).catch(() => undefined);
      }
    } finally {
      clearInterval(ticking);
      clearInterval(series);
    }
  }

  /** Returns when the stream breaks off; the loop then asks again, and shows it if nothing answers. */
  async #stream(signal: AbortSignal): Promise<void> {
    for await (const { event, data } of readEvents(`${OPERATIONS}/events`, signal)) {
      if (event === 'operations') this.#see(JSON.parse(data) as Operations);
    }
  }

  #see(view: Operations): void {
    this.view = view;
    this.reached = true;
    this.seenAt = this.now = Date.now();
    if (!this.#chosen && view.queue) {
      this.which = view.queue.stalled ? 'stalled' : view.queue.failed_now ? 'failed' : view.queue.running.length ? 'running' : 'failed';
    }
    void this.#list();
  }

  async #list(): Promise<void> {
    const which = this.which;
    const page = await this.#quietly(askJson<JobPage>(`${OPERATIONS}/jobs?which=${which}&limit=30`));
    if (page && which === this.which) this.page = page;
  }

  /** The charts and the last acts. */
  async refresh(): Promise<void> {
    const span = this.span;
    const series = await this.#quietly(askJson<{ steps: Step[] }>(`${OPERATIONS}/series?span=${span}`));
    if (series && span === this.span) this.steps = series.steps;
    this.audit = (await this.#quietly(askJson<AuditLine[]>(`${OPERATIONS}/audit?limit=8`))) ?? this.audit;
  }

  choose(which: Which): void {
    this.#chosen = true;
    this.which = which;
    this.page = null;
    void this.#list();
  }

  over(span: Span): void {
    this.span = span;
    void this.refresh();
  }

  job(id: string, act: Act): Promise<void> {
    const done = { retry: 'It is tried again.', cancel: 'It is cancelled.', hold: 'It is on hold.', release: 'It waits for its turn.' };
    return this.#act(`/jobs/${id}/${act}`, done[act]);
  }

  move(id: string, priority: number): Promise<void> {
    const body = { method: 'PUT', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ priority }) };
    return this.#act(`/jobs/${id}/priority`, `Its urgency is ${priority} now.`, body);
  }

  retryAll(): Promise<void> {
    return this.#act('/retry-failed', 'All that was given up since yesterday is tried again.');
  }

  worker(name: string, act: 'drain' | 'undrain'): Promise<void> {
    const done = act === 'drain' ? 'It takes no more jobs and ends when those it has are done.' : 'It takes jobs again.';
    return this.#act(`/workers/${encodeURIComponent(name)}/${act}`, done);
  }

  async report(): Promise<string> {
    return (await ask(`${OPERATIONS}/report`)).text();
  }

  async #act(path: string, done: string, init: RequestInit = { method: 'POST' }): Promise<void> {
    this.busy = true;
    try {
      await ask(OPERATIONS + path, init);
      this.said = done;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.said = error.sentence;
    } finally {
      this.busy = false;
    }
    await Promise.all([this.#list(), this.refresh()]);
  }

  /** What could not be fetched now comes with the next look. */
  async #quietly<T>(answer: Promise<T>): Promise<T | null> {
    try {
      return await answer;
    } catch (error) {
      if (error instanceof Refused) return null;
      throw error;
    }
  }
}
