/** Everything on its way from this browser; it goes on by itself when the page is opened again. */

import { discardCut, listCuts } from '../film';
import type { Desk } from '../desk/desk.svelte';
import type { Draft, Mark } from '../desk/marks';
import { rememberFilm } from '../desk/fileHandles';
import { askJson, Refused } from '../api/client.svelte';
import { sleep } from '../api/sleep';
import { guiderCode } from '../api/guiderCode';
import { all, keep } from '../desk/browserDatabase';
import type { Begun, NewSelection } from '../api/shapes';
import { Sending } from './sending.svelte';
import type { Part, SendingRecord } from './sendingRecord';
import { waitMs } from './upload';

class Sendings {
  list = $state<Sending[]>([]);

  /** Takes up what an earlier visit left behind, and erases cuts that nothing needs any more. */
  async resume(): Promise<void> {
    const records = await all<SendingRecord>('sendings');
    records.sort((a, b) => b.begunAt - a.begunAt);
    for (const record of records) this.#add(new Sending(record), 'last');
    await eraseForgottenCuts();
  }

  find(id: string): Sending | undefined {
    return this.list.find((sending) => sending.id === id);
  }

  /**
   * Announces what is on the desk and begins to send it; waits, and says why, while the service takes nothing new.
   * Throws Refused, or Error where a cut is missing; AbortError.
   */
  async send(desk: Desk, waiting: (sentence: string) => void, signal: AbortSignal): Promise<Sending> {
    await navigator.storage.persist();
    const { begun, marks, way } = await begin(desk, waiting, signal);
    const cuts = way === 'whole' ? null : desk.cutter.handOver(way);
    const parts = begun.uploads.map((awaited): Part => {
      const mark = awaited.position === null ? undefined : marks[awaited.position];
      const cut = mark ? cuts?.get(mark.id) : undefined;
      return {
        moment: awaited.metadata.moment ?? null,
        kind: awaited.kind,
        title: mark ? desk.title(mark) : desk.film.facts.hasPicture ? 'The whole film' : 'The whole recording',
        cut: cut?.name ?? null,
        bytes: cut?.bytes ?? desk.film.facts.bytes,
        done: false,
      };
    });
    const record: SendingRecord = {
      id: begun.selection.id,
      begunAt: Date.now(),
      family: desk.details.family,
      cycle: desk.details.cycle,
      way,
      filmKey: desk.key,
      filmBytes: desk.film.facts.bytes,
      parts,
      paused: false,
    };
    await keep('sendings', record.id, record);
    if (way === 'whole') await rememberFilm(record.id, desk.file);
    await desk.saveNow();
    return this.#add(new Sending(record, way === 'whole' ? desk.file : null), 'first');
  }

  async forget(sending: Sending): Promise<void> {
    await sending.forget();
    this.list = this.list.filter((one) => one !== sending);
  }

  async discard(sending: Sending): Promise<void> {
    await sending.discard();
    this.list = this.list.filter((one) => one !== sending);
  }

  #add(sending: Sending, where: 'first' | 'last'): Sending {
    if (where === 'first') this.list.unshift(sending);
    else this.list.push(sending);
    sending.start();
    return sending;
  }
}

export const sendings = new Sendings();

/** Announces the desk as it stands, also after a wait: marks may have been moved meanwhile. */
async function begin(desk: Desk, waiting: (sentence: string) => void, signal: AbortSignal) {
  // With a key, asking again after an answer was lost begins no second selection.
  const headers = { 'Content-Type': 'application/json', 'Idempotency-Key': crypto.randomUUID() };
  for (;;) {
    const { way } = desk;
    const marks = desk.ordered;
    if (way !== 'whole') await desk.cutter.finish();
    const body = JSON.stringify(selectionOf(desk, marks));
    try {
      const begun = await askJson<Begun>('/api/v1/selections', { method: 'POST', headers, body });
      return { begun, marks, way };
    } catch (error) {
      if (!(error instanceof Refused) || error.retryAfterS === null) throw error;
      waiting(error.sentence);
      await sleep(waitMs(error, 0), signal);
    }
  }
}

/** The desk as the service takes it. Throws Error where a moment has no cut, with the reason. */
function selectionOf(desk: Desk, marks: readonly Mark[]): NewSelection {
  const { facts } = desk.film;
  const { details, way } = desk;
  const selection: NewSelection = {
    family: details.family.trim(),
    cycle: details.cycle,
    helping_question: details.question.trim(),
    working_points: details.points.map((point) => point.trim()).filter(Boolean),
    clip: [],
    still: [],
    film: { bytes: facts.bytes, duration_ms: facts.durationMs },
    whole_film: way === 'whole',
    guider: guiderCode(),
    of: details.of,
  };
  if (details.reviewOn) selection.review_on = details.reviewOn;
  if (facts.widthPx > 0 && facts.heightPx > 0) Object.assign(selection.film, { width_px: facts.widthPx, height_px: facts.heightPx });
  if (facts.fps > 0) selection.film.fps = facts.fps;
  if (!facts.hasPicture) selection.film.picture = false;
  for (const mark of marks) {
    const words = { caption: mark.caption.trim(), principle: mark.principle };
    const state = way === 'whole' ? undefined : desk.cutter.stateOf(mark, way);
    if (way !== 'whole' && !state?.done) throw new NotCut(desk.title(mark), state?.problem ?? null);
    const cut = state?.done ? { cut: state.done.cut } : {};
    if (mark.kind === 'clip') selection.clip.push({ in: mark.inMs, out: mark.outMs, ...words, ...cut });
    else selection.still.push({ at: mark.atMs, exact: mark.exact, ...words, ...cut });
  }
  return selection;
}

/** A moment that could not be cut, so nothing was sent. */
export class NotCut extends Error {
  constructor(title: string, why: string | null) {
    super(`${title} could not be taken out of the film. ${why ?? ''}`.trim());
  }
}

/** Only while no other tab is open, which might be about to need one. */
async function eraseForgottenCuts(): Promise<void> {
  await navigator.locks.request('vigpack-cuts', { ifAvailable: true }, async (alone) => {
    if (!alone) return;
    const needed = new Set<string>();
    for (const draft of await all<Draft>('drafts')) for (const { cut } of draft.cuts) needed.add(cut.name);
    for (const record of await all<SendingRecord>('sendings')) for (const part of record.parts) if (part.cut) needed.add(part.cut);
    await Promise.all((await listCuts()).filter((name) => !needed.has(name)).map((name) => discardCut(name)));
  });
  // Held for as long as this tab lives.
  void navigator.locks.request('vigpack-cuts', { mode: 'shared' }, () => new Promise<never>(() => undefined));
}
