/** One film on the desk: the guider's marks, what stands around them, and their cuts. */

import { discardCut, listCuts, openFilm, unsupportedFilm, type CutMode, type Film } from '../film';
import { all, find, forget, keep } from './browserDatabase';
import { Cutter } from './cutter.svelte';
import { Frames } from './frameTimes';
import { hintsOn } from './hints';
import { inOrder, lengthOf, titleOf, type ClipMark, type Details, type Draft, type Mark, type Way } from './marks';

const WAY = 'vigpack.way';
/** Of what the light mode makes: picture and sound. */
const LIGHT_BYTES_PER_S = (2_000_000 + 128_000) / 8;
const LIGHT_STILL_BYTES = 150_000;
/** What usually travels around a moment. */
const AROUND_MS = 2000;
const DRAFT_MS = 30 * 24 * 3600 * 1000;

export class Desk {
  readonly frames: Frames;
  readonly cutter: Cutter;
  marks = $state<Mark[]>([]);
  selectedId = $state<string | null>(null);
  /** Where a clip was begun that has no end yet. */
  begunMs = $state<number | null>(null);
  details = $state<Details>({ family: '', cycle: 1, question: '', points: [], reviewOn: '', of: 'family_film' });
  way = $state<Way>('lossless');
  removed = $state<{ mark: Mark; index: number; title: string } | null>(null);
  #saving = false;
  #unsaved = false;

  private constructor(
    readonly film: Film,
    readonly file: File,
    readonly key: string,
    draft: Draft | undefined,
  ) {
    this.frames = new Frames(film);
    this.cutter = new Cutter(file, () => this.save(), draft?.cuts);
    if (draft) {
      this.marks = draft.marks;
      this.details = { ...this.details, ...draft.details };
    }
    const way = draft?.way ?? (localStorage.getItem(WAY) as Way | null) ?? 'lossless';
    this.way = this.can(way) ? way : this.can('lossless') ? 'lossless' : 'whole';
    if (this.marks.length) this.settle();
  }

  /** The film in `file`, with the marks made in it before; `saidMs`: not opened, but as long as that. Throws FilmProblem. */
  static async open(file: File, saidMs?: number): Promise<Desk> {
    const [film, key] = [saidMs ? unsupportedFilm(file, saidMs) : await openFilm(file), await filmKey(file)];
    const draft = await find<Draft>('drafts', key);
    if (draft) {
      const there = new Set(await listCuts());
      draft.cuts = draft.cuts.filter(({ cut }) => there.has(cut.name));
    }
    return new Desk(film, file, key, draft);
  }

  get ordered(): Mark[] {
    return inOrder(this.marks);
  }

  get selected(): Mark | undefined {
    return this.marks.find((mark) => mark.id === this.selectedId);
  }

  can(way: Way): boolean {
    const { canCut, canCutLight } = this.film.facts;
    return way === 'whole' || (way === 'light' ? canCut && canCutLight : canCut);
  }

  title(mark: Mark): string {
    return titleOf(mark, this.marks);
  }

  /** A new clip from where one was begun to `outMs`; null where that would be empty. */
  addClip(inMs: number, outMs: number): Mark | null {
    if (outMs <= inMs) return null;
    this.begunMs = null;
    return this.#add({ id: newId(), kind: 'clip', inMs, outMs, caption: '', principle: null });
  }

  addStill(atMs: number): Mark {
    return this.#add({ id: newId(), kind: 'still', atMs, exact: true, caption: '', principle: null });
  }

  /** Moves the ends of a clip, if it keeps some length and stays within the film. */
  moveEnds(clip: ClipMark, inMs: number, outMs: number): boolean {
    const from = Math.max(0, inMs);
    const to = Math.min(this.film.facts.durationMs, outMs);
    if (to - from < 1) return false;
    clip.inMs = from;
    clip.outMs = to;
    this.settle();
    return true;
  }

  remove(mark: Mark): void {
    const index = this.marks.findIndex((one) => one.id === mark.id);
    this.removed = { mark: $state.snapshot(mark) as Mark, index, title: this.title(mark) };
    this.marks.splice(index, 1);
    if (this.selectedId === mark.id) this.selectedId = null;
    this.settle();
  }

  undo(): Mark | undefined {
    const removed = this.removed;
    if (!removed) return undefined;
    this.marks.splice(removed.index, 0, removed.mark);
    this.selectedId = removed.mark.id;
    this.removed = null;
    this.settle();
    return removed.mark;
  }

  /** Puts a mark where another of its kind stands. */
  moveTo(mark: Mark, target: Mark): void {
    const from = this.marks.findIndex((one) => one.id === mark.id);
    const to = this.marks.findIndex((one) => one.id === target.id);
    if (from < 0 || to < 0 || from === to || mark.kind !== target.kind) return;
    this.marks.splice(to, 0, ...this.marks.splice(from, 1));
    this.save();
  }

  /** One place up (-1) or down (1) among its kind; false at the end. */
  moveBy(mark: Mark, places: -1 | 1): boolean {
    const kin = this.marks.filter((one) => one.kind === mark.kind);
    const target = kin[kin.findIndex((one) => one.id === mark.id) + places];
    if (target) this.moveTo(mark, target);
    return target !== undefined;
  }

  choose(way: Way): void {
    this.way = way;
    localStorage.setItem(WAY, way);
    this.settle();
  }

  /** After every change of a span or of the way: cut what has no cut yet, and remember. */
  settle(): void {
    const { canCut } = this.film.facts;
    const modes: CutMode[] = this.way === 'light' ? ['lossless', 'light'] : ['lossless'];
    this.cutter.want(this.ordered, canCut && this.way !== 'whole' ? modes : []);
    this.save();
  }

  /** Remembers the marks as they stand, at once; changes made meanwhile are written after. */
  save(): void {
    this.#unsaved = true;
    if (!this.#saving) void this.saveNow();
  }

  /** Resolves when everything is remembered. */
  async saveNow(): Promise<void> {
    this.#saving = true;
    try {
      do {
        this.#unsaved = false;
        await keep('drafts', this.key, this.#draft());
      } while (this.#unsaved);
    } finally {
      this.#saving = false;
    }
  }

  #draft(): Draft {
    return {
      key: this.key,
      savedAt: Date.now(),
      durationMs: this.film.facts.durationMs,
      marks: $state.snapshot(this.marks) as Mark[],
      details: $state.snapshot(this.details),
      way: this.way,
      cuts: this.cutter.kept(),
    };
  }

  /** What each way would send; `known` once it is measured and not reckoned. */
  bytesOf(way: Way): { bytes: number; known: boolean } {
    const { facts } = this.film;
    if (way === 'whole') return { bytes: facts.bytes, known: true };
    let known = true;
    const bytes = this.marks.map((mark) => {
      const done = this.cutter.stateOf(mark, way)?.done;
      if (done) return done.bytes;
      known = false;
      const untouched = facts.bytes * Math.min(1, (lengthOf(mark) + AROUND_MS) / facts.durationMs);
      if (way === 'lossless') return untouched;
      return Math.min(untouched, mark.kind === 'clip' ? ((lengthOf(mark) + AROUND_MS) / 1000) * LIGHT_BYTES_PER_S : LIGHT_STILL_BYTES);
    });
    return { bytes: bytes.reduce((sum, one) => sum + one, 0), known };
  }

  /** Friendly remarks; none of them forbids anything. */
  get hints(): string[] {
    return hintsOn(this.marks);
  }

  close(): void {
    this.cutter.rest();
    void this.saveNow();
    this.film.close();
  }

  #add(mark: Mark): Mark {
    this.marks.push(mark);
    this.selectedId = mark.id;
    this.settle();
    return this.marks.at(-1) ?? mark;
  }
}

/** The drafts in this browser that hold marks, newest first; old ones are forgotten, words about a family with them. */
export async function listDrafts(): Promise<Draft[]> {
  const kept = await all<Draft>('drafts');
  const drafts = kept.filter((draft) => Date.now() - draft.savedAt < DRAFT_MS);
  await Promise.all(kept.filter((draft) => !drafts.includes(draft)).map(forgetDraft));
  return drafts.filter((draft) => draft.marks.length > 0).sort((a, b) => b.savedAt - a.savedAt);
}

export async function forgetDraft(draft: Draft): Promise<void> {
  await forget('drafts', draft.key);
  await Promise.all(draft.cuts.map(({ cut }) => discardCut(cut.name)));
}

/** Tells a film from others without keeping its name, which may be that of a person. */
export async function filmKey(file: File): Promise<string> {
  const told = new TextEncoder().encode(`${file.name}\n${file.size}\n${file.lastModified}`);
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', told));
  return [...digest.slice(0, 12)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}


const newId = (): string => crypto.randomUUID().slice(0, 13);
