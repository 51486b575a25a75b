/** State of the desk: one film, its marks, the review's details, and the cuts. */

import { Queue } from '../ui/queue';
import { cutKey } from '../api/storageKeys';
import type { SelectionView, Statement } from '../api/types';
import {
  FilmProblem, compareLength, lightCutsAtOnce, listCuts, openFilm, thisComputer, unsupportedFilm, type CutMode, type Film,
} from '../film';
import { local } from '../ui/storage';
import { splitSent, takeWords } from './adding';
import { get, put } from './browserDatabase';
import { heldBackBy, type Stretch } from './covering';
import { forgetDraft } from './drafts';
import { Cutter, cutSealed, type CutState } from './cutter.svelte';
import { filmKey } from './filmKey';
import { FrameTimes } from './frameTimes';
import { hintsOn } from './hints';
import { extentOf, inOrder, lengthOf, titleOf, type ClipMark, type Details, type Draft, type Mark, type Way } from './marks';
import { spanInWords, ToCover } from './toCover.svelte';

const WAY = 'vigpack.way';
/** Bitrate of light cuts, picture and sound. */
const LIGHT_BYTES_PER_S = (1_200_000 + 128_000) / 8;
const LIGHT_STILL_BYTES = 150_000;
/** Typical length of what is sent around a moment. */
const AROUND_MS = 2000;

export class Desk {
  readonly frames: FrameTimes;
  readonly cutter: Cutter;
  marks = $state<Mark[]>([]);
  selectedId = $state<string | null>(null);
  /** Start of a clip whose end is not set yet. */
  begunMs = $state<number | null>(null);
  /** Changes to marks that wait for the film. */
  readonly changes = new Queue();
  details = $state<Details>({ family: '', cycle: 1, question: '', points: [], reviewOn: '', of: 'family_film' });
  way = $state<Way>('lossless');
  /** Who agreed to what, as the guider says before it is sent: what is not recorded yet. */
  agreed = $state.raw<Statement[]>([]);
  /** Those of the family, as far as they are known. */
  people = $state.raw<Statement['person'][]>([]);
  /** Kinds of output that somebody who can be seen said no to. */
  leftOut = $state.raw<string[]>([]);
  /** Why only the whole film can be sent, once the player told another length of it than the page found. */
  doubt = $state<string | null>(null);
  removed = $state<{ mark: Mark; index: number; title: string } | null>(null);
  /** The service's ids of what was sent of it. */
  readonly sent: string[];
  /** The review that was sent of this film to which moments are added. */
  adding = $state.raw<SelectionView | null>(null);
  /** Its marks while others are added to it. */
  #inReview: Mark[] = [];
  #saving = false;
  #unsaved = false;
  #isGone = false;
  #isPlaying = false;

  private constructor(
    readonly film: Film,
    readonly file: File,
    readonly key: string,
    draft: Draft | undefined,
    /** Where somebody is to be covered before it leaves this computer. */
    readonly toCover: ToCover,
  ) {
    this.sent = draft?.sent ?? [];
    this.frames = new FrameTimes(film);
    const atOnce = (): number => lightCutsAtOnce(film.facts, this.#isPlaying, thisComputer());
    this.cutter = new Cutter(file, () => this.save(), draft?.cuts, atOnce, cutSealed(() => ({ film: key, sent: this.sent })), (mark) => toCover.for(mark)?.marks ?? []);
    if (draft) {
      this.marks = draft.marks;
      this.details = { ...this.details, ...draft.details };
    }
    const way = draft?.way ?? (local.getItem(WAY) as Way | null) ?? 'lossless';
    this.way = this.can(way) ? way : this.can('lossless') ? 'lossless' : 'whole';
    toCover.onChange = () => this.settle();
    if (this.marks.length) this.settle();
  }

  /** Opens `file` with its draft, if there is one, else for what `begun` says; with `saidMs` the film is not opened, only its length is known. Throws FilmProblem. */
  static async open(file: File, saidMs?: number, begun?: Partial<Details>): Promise<Desk> {
    const [film, key] = [saidMs ? unsupportedFilm(file, saidMs) : await openFilm(file), await filmKey(file)];
    const draft = await get<Draft>('drafts', key);
    void cutKey({ film: key, sent: draft?.sent ?? [] }).catch(() => undefined); // so that the first mark is kept at once; what needs it tells faults
    if (draft) {
      const there = new Set(await listCuts());
      // Those made before the page told what it found in them may hold what was cut out of the film.
      draft.cuts = draft.cuts.filter(({ cut }) => there.has(cut.name) && 'claims' in cut && 'holds' in cut);
    }
    const desk = new Desk(film, file, key, draft, await ToCover.of(key));
    if (begun && !desk.details.family.trim()) desk.begin(begun);
    return desk;
  }

  /** For which family, cycle and review it is, as far as that is known before. */
  begin(begun: Partial<Details>): void {
    Object.assign(this.details, begun);
    this.save();
  }

  get ordered(): Mark[] {
    return inOrder(this.marks);
  }

  get selected(): Mark | undefined {
    return this.marks.find((mark) => mark.id === this.selectedId);
  }

  can(way: Way): boolean {
    const { canCut, canCutLight } = this.film.facts;
    if (this.adding && (way === 'whole') !== this.adding.whole_film) return false;
    if (way === 'whole') return !this.keepsWholeBack;
    return !this.doubt && (way === 'light' ? canCut && canCutLight : canCut);
  }

  /** What a mark is called; among `marks` that are sent without the others, as the service will call it. */
  title(mark: Mark, marks: readonly Mark[] = this.marks): string {
    return titleOf(mark, marks, this.adding?.moments.filter((one) => one.kind === mark.kind).length);
  }

  /** The cut of a mark as it would be sent. */
  cutOf(mark: Mark): CutState | undefined {
    return this.way === 'whole' ? undefined : this.cutter.stateOf(mark, this.modeOf(mark, this.way));
  }

  /** Somebody can be covered in what is encoded anew only, so such a moment goes covered whatever the way. */
  modeOf(mark: Mark, way: CutMode): CutMode {
    return this.toCover.for(mark) ? 'covered' : way;
  }

  /** Whether somebody can be covered here before it is sent. */
  get canCover(): boolean {
    return this.film.facts.canCut && this.film.facts.canCutLight && !this.doubt;
  }

  /** The stretches that are covered in the cut of a mark: she has looked at every picture of it. */
  coveredIn(mark: Mark): readonly string[] {
    const { looked } = this.toCover.for(mark) ?? {};
    return looked && looked.cut === this.cutOf(mark)?.done?.name ? looked.knew : [];
  }

  /** Why a mark is kept on this computer; null where nothing keeps it. The service may hold the whole film already. */
  keptBack(mark: Mark): string | null {
    const holds = this.cutOf(mark)?.done?.holds ?? extentOf(mark);
    const by = heldBackBy({ holds, looked: this.coveredIn(mark) }, this.toCover.stretches);
    if (!by.length) return null;
    if (by.some(({ id }) => id === mark.id)) return this.canCover ? 'Stays on this computer: somebody is to be covered here first.' : 'Stays on this computer: somebody is to be covered here, and this browser cannot do that with this film.';
    const where = by.map((one) => this.marks.find(({ id }) => id === one.id)).map((other, n) => (other ? this.title(other) : spanInWords(by[n]!)));
    return `Stays on this computer: its seconds and those around it reach into ${where.join(' and ')}, where somebody is to be covered first.`;
  }

  /** Where somebody is to be covered in moments that are removed. */
  get stretchesOfNone(): Stretch[] {
    return this.toCover.without([...this.#inReview, ...this.marks]);
  }

  /** Whether anything is to be covered that sending the whole film would take along. */
  get keepsWholeBack(): boolean {
    return this.toCover.stretches.length > 0 && !this.adding?.whole_film;
  }

  /** From now on what is marked joins a review that was sent of this film; what is in it is not to be marked again. */
  addTo(view: SelectionView): void {
    this.stopAdding();
    const { sent, fresh } = splitSent(this.marks, view);
    [this.#inReview, this.marks] = [sent, fresh];
    this.adding = view;
    const { family, cycle, of } = view;
    Object.assign(this.details, { family, cycle, of, question: view.helping_question, points: [...view.working_points] });
    this.way = (['lossless', 'light', 'whole'] as const).find((way) => this.can(way)) ?? 'lossless';
    [this.selectedId, this.removed, this.begunMs] = [null, null, null];
    this.settle();
  }

  /** All marks of the film are here again. */
  stopAdding(): void {
    if (!this.adding) return;
    this.adding = null;
    this.marks = inOrder([...this.#inReview, ...this.marks]);
    this.#inReview = [];
    this.selectedId = null;
    this.settle();
  }

  /** Takes over what was corrected in a review that was sent of it. */
  takeWords(view: SelectionView): void {
    if (this.sent.includes(view.id) && takeWords([...this.#inReview, ...this.marks], view)) this.save();
  }

  /** Notes in which selection the marks were sent, and as which moments of it. */
  noteSent(selectionId: string, marks: readonly Mark[], momentIds: readonly string[]): void {
    for (const [n, mark] of marks.entries()) {
      mark.sentIn = selectionId;
      if (momentIds[n]) mark.sentAs = momentIds[n];
    }
    if (!this.sent.includes(selectionId)) this.sent.push(selectionId);
  }

  /** Adds a clip; null where it would be empty. */
  addClip(inMs: number, outMs: number): Mark | null {
    if (outMs <= inMs) return null;
    this.begunMs = null;
    return this.#add({ id: newId(), kind: 'clip', inMs, outMs, caption: '', principle: null });
  }

  addStill(atMs: number): Mark {
    return this.#add({ id: newId(), kind: 'still', atMs, exact: true, caption: '', principle: null });
  }

  /** Sets both ends of a clip, clamped to the film; false where nothing would be left. */
  moveEnds(clip: ClipMark, inMs: number, outMs: number): boolean {
    const from = Math.max(0, inMs);
    const to = Math.min(this.film.facts.durationMs, outMs);
    if (to - from < 1) return false;
    clip.inMs = from;
    clip.outMs = to;
    this.settle();
    return true;
  }

  /** Moves an end of a clip (of a still its one picture) by whole frames; false where nothing would be left. */
  moveByFrames(mark: Mark, end: 'in' | 'out', n: number): Promise<boolean> {
    return this.changes.add(async () => {
      if (mark.kind === 'still') {
        mark.atMs = await this.frames.step(mark.atMs, n);
        this.settle();
        return true;
      }
      // An end is the time of a frame, or the film's duration.
      const shown = await this.frames.step(end === 'in' ? mark.inMs : mark.outMs - 1, n);
      const [inMs, outMs] = end === 'in' ? [shown, mark.outMs] : [mark.inMs, await this.frames.endAfter(shown)];
      return outMs > inMs && this.moveEnds(mark, inMs, outMs);
    });
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

  /** Moves a mark to the position of another of its kind. */
  moveTo(mark: Mark, target: Mark): void {
    const from = this.marks.findIndex((one) => one.id === mark.id);
    const to = this.marks.findIndex((one) => one.id === target.id);
    if (from < 0 || to < 0 || from === to || mark.kind !== target.kind) return;
    this.marks.splice(to, 0, ...this.marks.splice(from, 1));
    this.save();
  }

  /** Moves a mark one place up (-1) or down (1) among its kind; false at the end. */
  moveBy(mark: Mark, places: -1 | 1): boolean {
    const kin = this.marks.filter((one) => one.kind === mark.kind);
    const target = kin[kin.findIndex((one) => one.id === mark.id) + places];
    if (target) this.moveTo(mark, target);
    return target !== undefined;
  }

  /**
   * Compares the length that the browser's player tells with what the page found, to one picture: what one shows must be
   * what one cuts. False where the film is to be shown picture by picture, since the player takes a part for the whole.
   */
  compareLength(playerS: number): boolean {
    const told = compareLength(this.film.facts, playerS);
    if (told === 'part') return false;
    const agrees = told === 'same';
    if (agrees === !this.doubt) return true;
    this.doubt = agrees ? null : new FilmProblem('film_read_differently').sentence;
    if (this.doubt) console.info('lengths differ:', playerS, ...this.film.facts.playerLengthsS);
    if (!this.can(this.way)) this.way = 'whole';
    this.settle();
    return true;
  }

  choose(way: Way): void {
    this.way = way;
    local.setItem(WAY, way);
    this.settle();
  }

  /** Call when the film begins or stops to play: more is cut while it stands. */
  tellPlaying(isPlaying: boolean): void {
    const hasStopped = this.#isPlaying && !isPlaying;
    this.#isPlaying = isPlaying;
    if (hasStopped) this.cutter.resume();
  }

  /** Call after a span or the way has changed: updates the cuts and saves the draft. */
  settle(): void {
    const { canCut } = this.film.facts;
    this.toCover.grow(this.marks);
    if (!this.can(this.way) && this.can('lossless')) this.way = 'lossless';
    const modes: CutMode[] = this.way === 'light' ? ['lossless', 'light'] : ['lossless'];
    const modesOf = (mark: Mark): CutMode[] => {
      const stretch = this.toCover.for(mark);
      return stretch ? (stretch.asked && this.canCover ? ['covered'] : []) : modes;
    };
    this.cutter.setWanted(this.ordered, canCut && !this.doubt && this.way !== 'whole' ? modesOf : () => []);
    this.save();
  }

  /** Saves the draft; changes during a write cause another one. */
  save(): void {
    this.#unsaved = true;
    if (!this.#saving) void this.saveNow();
  }

  /** Resolves when the latest state is saved. */
  async saveNow(): Promise<void> {
    if (this.#isGone) return;
    this.#saving = true;
    try {
      do {
        this.#unsaved = false;
        await put('drafts', this.key, this.#draft());
      } while (this.#unsaved && !this.#isGone);
    } finally {
      this.#saving = false;
    }
  }

  #draft(): Draft {
    return {
      key: this.key,
      name: this.file.name,
      savedAt: Date.now(),
      durationMs: this.film.facts.durationMs,
      marks: [...this.#inReview, ...($state.snapshot(this.marks) as Mark[])],
      details: $state.snapshot(this.details),
      way: this.way,
      cuts: this.cutter.finishedCuts(),
      sent: [...this.sent],
    };
  }

  /** Bytes each way would send; `known`: measured, not estimated. */
  bytesOf(way: Way): { bytes: number; known: boolean } {
    const { facts } = this.film;
    if (way === 'whole') return { bytes: facts.bytes, known: true };
    let known = true;
    const bytes = this.marks.filter((mark) => !this.keptBack(mark)).map((mark) => {
      const done = this.cutter.stateOf(mark, this.modeOf(mark, way))?.done;
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
    this.toCover.end();
    this.cutter.stop();
    void this.saveNow();
    this.film.close();
  }

  /** Closes it and leaves nothing of it in this browser. */
  async discard(): Promise<void> {
    this.#isGone = true;
    this.toCover.end();
    this.cutter.stop();
    this.film.close();
    await forgetDraft(this.#draft());
  }

  #add(mark: Mark): Mark {
    this.marks.push(mark);
    this.selectedId = mark.id;
    this.settle();
    return this.marks.at(-1) ?? mark;
  }
}

const newId = (): string => crypto.randomUUID().slice(0, 13);
