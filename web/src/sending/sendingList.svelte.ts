/** All sendings of this browser; they resume when the page is opened again. */

import { isStorageBlocked } from '../ui/storage';
import { discardCut, FilmProblem, listCuts } from '../film';
import type { Desk } from '../desk/desk.svelte';
import { DRAFT_MS, type Mark } from '../desk/marks';
import { rememberFilm } from '../desk/fileHandles';
import { api, ApiError, dataOf } from '../api/client.svelte';
import { sleep } from '../api/sleep';
import { guiderCode } from '../api/guiderCode';
import { getAll, put, sealOlder, whatIsKept } from '../desk/browserDatabase';
import { titleOf, usualKinds, type Person } from '../families/consents';
import type { ClipCut, NewSelection, SelectionView, StillCut } from '../api/types';
import { Sending } from './sending.svelte';
import { dropErased, dropFamily, dropSelections, type Dropped } from './erased';
import type { Part, SendingRecord } from './sendingRecord';
import { retryDelayMs } from './upload';

class Sendings {
  list = $state<Sending[]>([]);
  /** How often something was dropped from this browser. */
  drops = $state(0);
  /** Called with the keys of films whose marks went from this browser. */
  onDropped: (films: readonly string[]) => void = () => undefined;

  /** Resumes the sendings of an earlier visit, drops what was erased, and erases cuts that nothing refers to. */
  async resume(): Promise<void> {
    const records = await getAll<SendingRecord>('sendings');
    records.sort((a, b) => b.begunAt - a.begunAt);
    for (const record of records) this.#add(new Sending(record), 'last');
    await this.dropErased();
    await sealOlder(DRAFT_MS);
    await eraseForgottenCuts();
  }

  find(id: string): Sending | undefined {
    return this.list.find((sending) => sending.id === id);
  }

  /**
   * Creates the selection from the desk, without what is kept back, and starts sending it; while the service accepts nothing new, waits and says why.
   * Throws ApiError, FilmProblem where all is kept back, or Error where a cut is missing; AbortError.
   */
  async send(desk: Desk, waiting: (sentence: string) => void, signal: AbortSignal): Promise<Sending> {
    if (!isStorageBlocked()) await navigator.storage.persist();
    const { answer: begun, marks, way } = await whenTaken(desk, waiting, signal, (header, mark) =>
      dataOf(api.POST('/api/v1/selections', { params: { header }, body: selectionOf(desk, mark) })),
    );
    const looked = new Map(marks.map((mark) => [mark.id, desk.coveredIn(mark)]));
    const cuts = way === 'whole' ? null : desk.cutter.takeCuts(marks, (mark) => desk.modeOf(mark, way));
    const parts = begun.uploads.map((awaited): Part => {
      const mark = awaited.position === null ? undefined : marks[awaited.position];
      const cut = mark ? cuts?.get(mark.id) : undefined;
      return {
        moment: awaited.metadata.moment ?? null,
        kind: awaited.kind,
        title: mark ? desk.title(mark, marks) : desk.film.facts.hasPicture ? 'The whole film' : 'The whole recording',
        cut: cut?.name ?? null,
        bytes: cut?.bytes ?? desk.film.facts.bytes,
        ...(mark && cut ? { holds: cut.holds, looked: looked.get(mark.id) ?? [] } : {}),
        done: false,
      };
    });
    const record: SendingRecord = {
      id: begun.selection.id,
      begunAt: Date.now(),
      family: desk.details.family,
      cycle: desk.details.cycle,
      of: desk.details.of,
      hasPicture: desk.film.facts.hasPicture,
      way,
      filmKey: desk.key,
      filmBytes: desk.film.facts.bytes,
      parts,
      paused: false,
    };
    await put('sendings', record.id, record);
    if (way === 'whole') await rememberFilm(record.id, desk.file);
    desk.noteSent(record.id, marks, begun.selection.moments.map((one) => one.id));
    await desk.saveNow();
    return this.#add(new Sending(record, way === 'whole' ? desk.file : null), 'first');
  }

  /** Adds the desk's marks to the review that was sent of its film, and sends them. Throws as send(). */
  async add(desk: Desk, waiting: (sentence: string) => void, signal: AbortSignal): Promise<Sending> {
    const to = desk.adding as SelectionView;
    if (!isStorageBlocked()) await navigator.storage.persist();
    const { answer, marks, way } = await whenTaken(desk, waiting, signal, async (header, mark) => {
      const { clip = [], still = [], film, agreed = [] } = selectionOf(desk, mark);
      return dataOf(api.POST('/api/v1/selections/{selection_id}/moments', { params: { path: { selection_id: to.id }, header }, body: { clip, still, film, agreed } }));
    });
    const looked = new Map(marks.map((mark) => [mark.id, desk.coveredIn(mark)]));
    const cuts = way === 'whole' ? null : desk.cutter.takeCuts(marks, (mark) => desk.modeOf(mark, way));
    const parts = marks.flatMap((mark, n): Part[] => {
      const cut = cuts?.get(mark.id);
      const moment = answer.added[n];
      return cut && moment ? [{ moment, kind: mark.kind, title: desk.title(mark, marks), cut: cut.name, bytes: cut.bytes, holds: cut.holds, looked: looked.get(mark.id) ?? [], done: false }] : [];
    });
    desk.noteSent(to.id, marks, answer.added);
    desk.stopAdding();
    await desk.saveNow();
    const there = this.find(to.id);
    if (there) {
      there.view = answer.selection;
      await there.addParts(parts);
      return there;
    }
    const { bytes } = desk.film.facts;
    const record: SendingRecord = { id: to.id, begunAt: Date.now(), family: to.family, cycle: to.cycle, way, filmKey: desk.key, filmBytes: bytes, parts, paused: false };
    await put('sendings', record.id, record);
    return this.#add(new Sending(record), 'first');
  }

  async forget(sending: Sending): Promise<void> {
    await sending.forget();
    this.list = this.list.filter((one) => one !== sending);
  }

  /** Erases a selection on the service and here. Throws ApiError. */
  async discard(sending: Sending): Promise<void> {
    await sending.discard();
    await this.drop([sending.id], sending.record.filmKey);
  }

  /** Drops what this browser keeps of selections that were erased; `filmKey` is that of the film of one whose record went. */
  async drop(ids: readonly string[], filmKey = ''): Promise<void> {
    this.#dropped(await dropSelections(ids, filmKey));
  }

  /** Drops what this browser keeps of a family that was erased. */
  async dropFamily(code: string): Promise<void> {
    this.#dropped(await dropFamily(code));
  }

  /** Drops what was erased elsewhere. While the service is not reached, nothing goes. */
  async dropErased(): Promise<void> {
    const dropped = await dropErased().catch(() => null);
    if (dropped) this.#dropped(dropped);
  }

  /** One that ends under its viewer's eyes stays in the list, which then says so; only the browser's records go. */
  async #endedElsewhere(): Promise<void> {
    const { films } = await dropErased();
    this.drops += 1;
    if (films.length) this.onDropped(films);
  }

  #dropped({ selections, films }: Dropped): void {
    this.drops += 1;
    for (const one of this.list.filter((sending) => selections.includes(sending.id))) one.end();
    this.list = this.list.filter((one) => !selections.includes(one.id));
    if (films.length) this.onDropped(films);
  }

  #add(sending: Sending, where: 'first' | 'last'): Sending {
    if (where === 'first') this.list.unshift(sending);
    else this.list.push(sending);
    sending.onErased = () => void this.#endedElsewhere().catch(() => undefined); // asked again the next time
    sending.start();
    return sending;
  }
}

export const sendings = new Sendings();

/** Asks until it is taken, without what is kept back. Each attempt reads the desk again, because marks may have been moved while it waited. */
async function whenTaken<Answer>(
  desk: Desk,
  waiting: (sentence: string) => void,
  signal: AbortSignal,
  ask: (header: { 'idempotency-key': string }, marks: readonly Mark[]) => Promise<Answer>,
) {
  // With this key a retry after a lost response creates nothing twice.
  const header = { 'idempotency-key': crypto.randomUUID() };
  for (;;) {
    const { way } = desk;
    await desk.toCover.refresh(); // another tab may have said something of this film
    if (desk.way !== way || (way === 'whole' && desk.keepsWholeBack)) throw new FilmProblem('kept_back_whole');
    if (way !== 'whole') await desk.cutter.finish();
    const marks = desk.ordered.filter((mark) => !desk.keptBack(mark));
    if (!marks.length) throw new FilmProblem('kept_back');
    try {
      return { answer: await ask(header, marks), marks, way };
    } catch (error) {
      if (!(error instanceof ApiError) || error.retryAfterS === null) throw error;
      waiting(error.sentence);
      await sleep(retryDelayMs(error, 0), signal);
    }
  }
}

/** The request body for the desk. Throws NotCut. */
function selectionOf(desk: Desk, marks: readonly Mark[]): NewSelection {
  const { facts } = desk.film;
  const { details } = desk;
  const { widthPx, heightPx } = facts;
  return {
    family: details.family.trim(),
    cycle: details.cycle,
    helping_question: details.question.trim(),
    working_points: details.points.map((point) => point.trim()).filter(Boolean),
    clip: marks.filter((mark) => mark.kind === 'clip').map((mark) => {
      return { in: mark.inMs, out: mark.outMs, ...wordsOf(desk, mark), people: seenIn(desk, mark), cut: cutOf(desk, mark) as ClipCut | null };
    }),
    still: marks.filter((mark) => mark.kind === 'still').map((mark) => {
      return { at: mark.atMs, exact: mark.exact || desk.toCover.for(mark) !== undefined, ...wordsOf(desk, mark), people: seenIn(desk, mark), cut: cutOf(desk, mark) as StillCut | null };
    }),
    film: {
      bytes: facts.bytes,
      duration_ms: facts.durationMs,
      ...(widthPx > 0 && heightPx > 0 ? { width_px: widthPx, height_px: heightPx } : {}),
      ...(facts.fps > 0 ? { fps: facts.fps } : {}),
      picture: facts.hasPicture,
    },
    whole_film: desk.way === 'whole',
    guider: guiderCode(),
    of: details.of,
    agreed: desk.agreed,
    ...(desk.leftOut.length ? { outputs: usualKinds(details.of, facts.hasPicture).filter((kind) => !desk.leftOut.includes(kind)) } : {}),
    ...(details.reviewOn ? { review_on: details.reviewOn } : {}),
  };
}

/** Who can be seen or heard in it; null: everybody of the family. */
function seenIn(desk: Desk, mark: Mark): Person[] | null {
  const seen = desk.people.filter((person) => !mark.unseen?.includes(titleOf(person)));
  return seen.length === desk.people.length ? null : seen;
}

const wordsOf = (desk: Desk, mark: Mark) => ({ caption: mark.caption.trim(), principle: mark.principle, ...(desk.coveredIn(mark).length ? { covered: true } : {}) });

/** Where a moment lies in its own upload; null where the whole film is sent. Throws NotCut. */
function cutOf(desk: Desk, mark: Mark): ClipCut | StillCut | null {
  if (desk.way === 'whole') return null;
  const state = desk.cutOf(mark);
  if (!state?.done) throw new NotCut(desk.title(mark), state?.problem ?? null);
  const { cut, claims } = state.done;
  const pictures = claims.pictures === null ? {} : { pictures: claims.pictures };
  return { ...cut, ...pictures, duration_ms: claims.durationMs };
}

/** A moment that could not be cut, so nothing was sent. */
export class NotCut extends Error {
  constructor(title: string, why: string | null) {
    super(`${title} could not be taken out of the film. ${why ?? ''}`.trim());
  }
}

/** Only while no other tab is open, since that one might be about to use a cut. */
async function eraseForgottenCuts(): Promise<void> {
  if (isStorageBlocked()) return; // there are no cuts, and locks are denied
  await navigator.locks.request('vigpack-cuts', { ifAvailable: true }, async (alone) => {
    if (!alone) return;
    const needed = new Set((await whatIsKept(null)).cuts);
    await Promise.all((await listCuts()).filter((name) => !needed.has(name)).map((name) => discardCut(name)));
  });
  // Held for as long as this tab lives.
  void navigator.locks.request('vigpack-cuts', { mode: 'shared' }, () => new Promise<never>(() => undefined));
}
