/** Covering somebody in a moment before it leaves this computer: what is marked, the cut with its covers, what of it was looked at. */

import { keyOf } from '../../api/storageKeys';
import type { Box, Covers, Mark as Said } from '../../api/types';
import { cutFile, coverAt, FilmProblem, openFilm, type Film, type FinishedCut, type SealKey } from '../../film';
import type { Looked, Part } from '../../review/hiding/looked';
import type { Desk } from '../desk.svelte';
import { extentOf, type Mark } from '../marks';

const HEIGHT_PX = 480;
const KEPT = 96;
const AHEAD = 4;
const STORE_AFTER_MS = 400;
/** Of each covered cut, by its name, as long as the page is open. */
const seenOf = new Map<string, ReadonlySet<number>>();

export class CoverHere implements Looked {
  /** When each picture of the moment is shown, on the film's clock. */
  times = $state.raw<readonly number[]>([]);
  marks = $state.raw<readonly Said[]>([]);
  seen = $state.raw<ReadonlySet<number>>(new Set());
  /** The cut that is open to be looked at. */
  open = $state.raw<string | null>(null);
  #shown: { film: Film; times: readonly number[] } | null = null;
  readonly #urls = new Map<string, Promise<string>>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isOver = false;

  constructor(
    private readonly desk: Desk,
    private readonly moment: Mark,
  ) {
    this.marks = this.#stretch?.marks ?? [];
  }

  get #stretch() {
    return this.desk.toCover.for(this.moment);
  }

  pictures = $derived(this.times.map((at_ms) => ({ at_ms, ...(this.marks.length ? coverAt(this.marks, at_ms) : { covers: 'nobody' as const, box: null, doubt: '' }) })));

  get unseen(): number {
    return this.times.length - this.seen.size;
  }

  /** The covered cut of these marks, once it is made. */
  get made(): FinishedCut | null {
    return (this.#stretch?.asked && this.desk.cutOf(this.moment)?.done) || null;
  }

  get share(): number | null {
    return this.#stretch?.asked && !this.made ? (this.desk.cutOf(this.moment)?.share ?? 0) : null;
  }

  get problem(): string | null {
    return (this.#stretch?.asked && this.desk.cutOf(this.moment)?.problem) || null;
  }

  get isConfirmed(): boolean {
    return this.desk.coveredIn(this.moment).includes(this.moment.id);
  }

  /** Finds the pictures of the moment. Throws FilmProblem. */
  async load(): Promise<void> {
    this.times = await timesOf(this.desk.film, extentOf(this.moment));
  }

  /** Opens the cut that was made. Throws FilmProblem. */
  async look(made: FinishedCut): Promise<void> {
    if (this.open === made.name) return;
    this.#close();
    const keys: SealKey[] = [];
    await cutFile(made.name, async (id) => {
      const by = await keyOf(id);
      if (by) keys.push(by);
      return by;
    });
    const film = await openFilm({ cut: made.name, keys });
    if (this.#isOver) return film.close();
    const { cut } = made;
    this.#shown = { film, times: await timesOf(film, 'at' in cut ? { fromMs: cut.at, toMs: cut.at + 1 } : { fromMs: cut.in, toMs: cut.out }) };
    if (this.#shown.times.length !== this.times.length) throw new FilmProblem('not_covered', `${this.#shown.times.length} of ${this.times.length} pictures`);
    this.seen = seenOf.get(made.name) ?? new Set();
    this.open = made.name;
  }

  markOn(number: number): Said | undefined {
    const at = this.times[number];
    return this.marks.find((mark) => mark.at === at);
  }

  mark(number: number, covers: Covers | null, box: Box | null = null): void {
    const at = this.times[number];
    if (at === undefined) return;
    const others = this.marks.filter((mark) => mark.at !== at);
    this.marks = [...others, ...(covers ? [{ at, covers, box }] : [])].sort((one, other) => one.at - other.at);
    if (this.#stretch?.asked) return void this.store(false);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.store(false), STORE_AFTER_MS);
  }

  /** Keeps what is marked; `asked`: has it made. */
  async store(asked: boolean): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.desk.toCover.draw(this.moment.id, this.marks, asked);
  }

  /** She has looked at every picture of the very cut. */
  async confirm(): Promise<void> {
    if (this.made && this.open === this.made.name && this.unseen === 0) await this.desk.toCover.noteLooked(this.moment.id, this.made.name);
  }

  async picture(number: number, part: Part): Promise<string> {
    const name = `${part} ${part === 'covered' ? this.open : ''} ${number}`;
    const kept = this.#urls.get(name) ?? this.#draw(number, part);
    this.#urls.delete(name);
    this.#urls.set(name, kept);
    for (const [oldest, url] of this.#urls) {
      if (this.#urls.size <= KEPT) break;
      this.#urls.delete(oldest);
      forget(url);
    }
    return kept.catch((error: unknown) => {
      this.#urls.delete(name); // so that asking again draws it again
      throw error;
    });
  }

  fetchAhead(number: number, part: Part): void {
    for (let next = number + 1; next <= number + AHEAD && next < this.times.length; next++) this.picture(next, part).catch(() => undefined);
  }

  see(number: number): void {
    if (!this.open || this.seen.has(number)) return;
    this.seen = new Set([...this.seen, number]);
    seenOf.set(this.open, this.seen);
  }

  remember = (): Promise<void> => Promise.resolve();

  /** Keeps what was marked last, and lets go of all pictures. */
  end(): void {
    this.#isOver = true;
    if (this.#timer !== undefined) void this.store(false);
    this.#close();
    for (const url of this.#urls.values()) forget(url);
    this.#urls.clear();
  }

  #close(): void {
    this.#shown?.film.close();
    this.#shown = null;
    this.open = null;
  }

  async #draw(number: number, part: Part): Promise<string> {
    const [film, times] = part === 'uncovered' ? [this.desk.film, this.times] : [this.#shown?.film, this.#shown?.times];
    const at = times?.[number];
    if (!film || at === undefined) throw new FilmProblem('not_shown', `no ${part} picture ${number}`);
    const bitmap = await film.picture(at, HEIGHT_PX);
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [bitmap.width, bitmap.height];
    canvas.getContext('bitmaprenderer')?.transferFromImageBitmap(bitmap);
    const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/jpeg', 0.9));
    return URL.createObjectURL(blob ?? new Blob());
  }
}

/** When the pictures of a stretch are shown; where none begins, that of the one that stands there. */
async function timesOf(film: Film, { fromMs, toMs }: { fromMs: number; toMs: number }): Promise<number[]> {
  const half = Math.ceil((toMs - fromMs) / 2) + 1;
  const begun = (await film.frameTimes(fromMs + half, half)).filter((at) => at >= fromMs && at < toMs);
  if (begun.length) return begun;
  for (const spanMs of [1000, film.facts.durationMs]) {
    const standing = (await film.frameTimes(fromMs, spanMs)).findLast((at) => at <= fromMs);
    if (standing !== undefined) return [standing];
  }
  throw new FilmProblem('moment_empty');
}

function forget(url: Promise<string>): void {
  void url.then((one) => URL.revokeObjectURL(one)).catch(() => undefined);
}
