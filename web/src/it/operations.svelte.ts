/** Live state of the service, and IT's actions on it. */

import { api, ApiError, dataOf } from '../api/client.svelte';
import { readTypedEvents } from '../api/eventStream';
import { SharedStream } from '../api/sharedStream';
import { sleep } from '../api/sleep';
import type { AuditLine, Health, JobPage, JobAction, OperationsStreamEvent, Span, Step, WhichJobs } from '../api/types';

const OPERATIONS = '/api/v1/operations';
/** After the service has closed a stream because this person has too many, or has said what will not pass by itself. */
const CLOSED_MS = 60_000;
const SERIES_EVERY_MS = 60_000;

/** How the service is; or that it cannot be reached, with a sentence where that will not pass by itself. */
type Told = { health: Health } | { problem: string };

const operations = new SharedStream<Told>('vigpack-operations', async (subjects, tell, signal) => {
  const tellAll = (told: Told): void => subjects.forEach((subject) => tell(subject, told));
  const now = await look(signal);
  tellAll(now);
  if ('problem' in now) {
    if (now.problem) await sleep(CLOSED_MS, signal);
    throw new Error('not reached');
  }
  for await (const { event, data } of readTypedEvents<OperationsStreamEvent>(`${OPERATIONS}/events`, signal)) {
    if (event === 'operations') tellAll({ health: data });
    else if (event === 'closed') await sleep(CLOSED_MS, signal);
  }
});

async function look(signal?: AbortSignal): Promise<Told> {
  try {
    return { health: await dataOf(api.GET(OPERATIONS, signal ? { signal } : {})) };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return { problem: error.retryable ? '' : error.sentence };
  }
}

export class Operations {
  view = $state.raw<Health | null>(null);
  /** When the last state arrived, and the current time, by this computer's clock. */
  seenAt = $state(Date.now());
  now = $state(Date.now());
  /** False while the service is unreachable. */
  reached = $state(true);
  span = $state<Span>('24h');
  steps = $state.raw<Step[]>([]);
  which = $state<WhichJobs>('failed');
  page = $state.raw<JobPage | null>(null);
  audit = $state.raw<AuditLine[]>([]);
  /** Result of the last action, in words. */
  result = $state('');
  busy = $state(false);
  #chosen = false;

  async follow(signal: AbortSignal): Promise<void> {
    const ticking = setInterval(() => (this.now = Date.now()), 1000);
    const series = setInterval(() => void this.refresh(), SERIES_EVERY_MS);
    const leave = operations.subscribe(OPERATIONS, { told: (told) => this.#hear(told), missed: () => void this.#look() });
    try {
      await this.#look();
      if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    } finally {
      leave();
      clearInterval(ticking);
      clearInterval(series);
    }
  }

  async #look(): Promise<void> {
    this.#hear(await look());
  }

  #hear(told: Told): void {
    if ('problem' in told) {
      this.reached = false;
      if (told.problem) this.result = told.problem;
      return;
    }
    if (!this.reached || !this.view) void this.refresh();
    this.#see(told.health);
  }

  #see(view: Health): void {
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
    const page = await this.#quietly(dataOf(api.GET('/api/v1/operations/jobs', { params: { query: { which, limit: 30 } } })));
    if (page && which === this.which) this.page = page;
  }

  /** Reloads the charts and the audit log. */
  async refresh(): Promise<void> {
    const span = this.span;
    const series = await this.#quietly(dataOf(api.GET('/api/v1/operations/series', { params: { query: { span } } })));
    if (series && span === this.span) this.steps = series.steps;
    this.audit = (await this.#quietly(dataOf(api.GET('/api/v1/operations/audit', { params: { query: { limit: 8 } } })))) ?? this.audit;
  }

  choose(which: WhichJobs): void {
    this.#chosen = true;
    this.which = which;
    this.page = null;
    void this.#list();
  }

  over(span: Span): void {
    this.span = span;
    void this.refresh();
  }

  job(id: string, action: JobAction): Promise<void> {
    const done = { retry: 'It is tried again.', cancel: 'It is cancelled.', hold: 'It is on hold.', acknowledge: 'It is no longer counted.', release: 'It waits for its turn.' };
    return this.#act(done[action], () => api.POST(`/api/v1/operations/jobs/{job_id}/${action}`, { params: { path: { job_id: id } } }));
  }

  move(id: string, priority: number): Promise<void> {
    const params = { path: { job_id: id } };
    return this.#act(`Its urgency is ${priority} now.`, () => api.PUT('/api/v1/operations/jobs/{job_id}/priority', { params, body: { priority } }));
  }

  retryAll(): Promise<void> {
    return this.#act('All that was given up since yesterday is tried again.', () => api.POST('/api/v1/operations/retry-failed'));
  }

  acknowledgeAll(): Promise<void> {
    return this.#act('What was given up since yesterday is no longer counted.', () => api.POST('/api/v1/operations/acknowledge-failed'));
  }

  worker(name: string, action: 'drain' | 'undrain'): Promise<void> {
    const done = action === 'drain' ? 'It takes no more jobs and ends when those it has are done.' : 'It takes jobs again.';
    return this.#act(done, () => api.POST(`/api/v1/operations/workers/{name}/${action}`, { params: { path: { name } } }));
  }

  report(): Promise<string> {
    return dataOf(api.GET('/api/v1/operations/report', { parseAs: 'text' }));
  }

  async #act(done: string, act: () => Promise<unknown>): Promise<void> {
    this.busy = true;
    try {
      await act();
      this.result = done;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.result = error.sentence;
    } finally {
      this.busy = false;
    }
    await Promise.all([this.#list(), this.refresh()]);
  }

  /** Null where the request failed; the next refresh tries again. */
  async #quietly<T>(answer: Promise<T>): Promise<T | null> {
    try {
      return await answer;
    } catch (error) {
      if (error instanceof ApiError) return null;
      throw error;
    }
  }
}
