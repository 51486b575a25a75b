/** Hiding somebody in a moment: what is marked, what is covered because of it, and which pictures were looked at. */

import { api, dataOf, request } from '../../api/client.svelte';
import type { Box, Covers, HidingView, Mark, MomentView, CoveredPicture, SelectionView } from '../../api/types';
import type { Looked, Part } from './looked';

const HIDING = '/api/v1/selections/{selection_id}/moments/{moment_id}/hiding';
const LEAST = 0.02;
/** Pictures lie one behind the other in one file: so many are fetched at a time, and so many times that are kept. */
const FETCHED = 24;
const KEPT = 8;
const REMEMBER_AFTER_MS = 1500;

/** Numbers as ranges without their ends: 0, 1, 2, 5 are [[0, 3], [5, 6]]. */
export function rangesOf(numbers: Iterable<number>): [number, number][] {
  const ranges: [number, number][] = [];
  for (const number of [...numbers].sort((one, other) => one - other)) {
    const last = ranges.at(-1);
    if (last?.[1] === number) last[1] = number + 1;
    else ranges.push([number, number + 1]);
  }
  return ranges;
}

/** The box clamped to the picture, and never too small to grab. */
export function within(box: Box): Box {
  const width = Math.min(1, Math.max(LEAST, box.width));
  const height = Math.min(1, Math.max(LEAST, box.height));
  return { x: Math.min(1 - width, Math.max(0, box.x)), y: Math.min(1 - height, Math.max(0, box.y)), width, height };
}

export class Hiding implements Looked {
  view = $state.raw<HidingView | null>(null);
  marks = $state.raw<readonly Mark[]>([]);
  /** Numbers of the covered pictures that have been on the screen. */
  seen = $state.raw<ReadonlySet<number>>(new Set());
  readonly #path: { selection_id: string; moment_id: string };
  readonly #stretches = new Map<string, Promise<string[]>>();
  #toRemember = new Set<number>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(selection: SelectionView, moment: MomentView) {
    this.#path = { selection_id: selection.id, moment_id: moment.id };
  }

  get pictures(): readonly CoveredPicture[] {
    return this.view?.pictures ?? [];
  }

  /** Whether the marks differ from those the service has, so that its pictures are out of date. */
  get changed(): boolean {
    return JSON.stringify(this.marks) !== JSON.stringify(this.view?.marks ?? []);
  }

  get unseen(): number {
    return this.pictures.length - this.seen.size;
  }

  /** Throws ApiError. */
  async load(): Promise<void> {
    const view = (await dataOf(api.GET(HIDING, { params: { path: this.#path } }))) as HidingView; // openapi-fetch widens tuples to arrays
    this.release();
    this.seen = new Set(view.seen.flatMap(([begin, end]) => Array.from({ length: end - begin }, (_, n) => begin + n)));
    this.view = view;
    this.marks = view.marks;
  }

  /** Counts a covered picture as looked at; the service is told now and then, and remembers. */
  see(number: number): void {
    if (this.seen.has(number)) return;
    this.seen = new Set([...this.seen, number]);
    this.#toRemember.add(number);
    this.#timer ??= setTimeout(() => void this.remember(), REMEMBER_AFTER_MS);
  }

  /** Tells the service what was looked at; what it could not be told is told the next time. */
  async remember(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const sha256 = this.view?.sha256;
    const numbers = this.#toRemember;
    if (!sha256 || !numbers.size) return;
    this.#toRemember = new Set();
    try {
      await api.PUT(`${HIDING}/seen`, { params: { path: this.#path }, body: { sha256, pictures: rangesOf(numbers) } });
    } catch {
      if (this.view?.sha256 === sha256) for (const number of numbers) this.#toRemember.add(number);
    }
  }

  markOn(number: number): Mark | undefined {
    const at = this.pictures[number]?.at_ms;
    return this.marks.find((mark) => mark.at === at);
  }

  /** Marks a picture; null takes its mark away. */
  mark(number: number, covers: Covers | null, box: Box | null = null): void {
    const at = this.pictures[number]?.at_ms;
    if (at === undefined) return;
    const others = this.marks.filter((mark) => mark.at !== at);
    const said = covers ? [...others, { at, covers, box }] : others;
    this.marks = said.sort((one, other) => one.at - other.at);
  }

  /**
   * Has the marked person followed, or the pictures made ready to be marked. Not `evenInDoubt`: while more boxes are
   * wanted nothing is made. Throws ApiError.
   */
  async ask(marks: readonly Mark[] = this.marks, evenInDoubt = false): Promise<void> {
    await api.PUT(HIDING, { params: { path: this.#path }, body: { marks: [...marks], even_in_doubt: evenInDoubt } });
    this.view = null;
    this.#toRemember = new Set();
  }

  /** Throws ApiError. */
  async lift(): Promise<void> {
    await api.DELETE(HIDING, { params: { path: this.#path } });
  }

  /** Confirms the exact file whose pictures were reviewed. Throws ApiError. */
  async confirm(): Promise<void> {
    const sha256 = this.view?.sha256;
    if (!sha256 || this.changed || this.unseen > 0) return;
    await api.PUT(`${HIDING}/confirmation`, { params: { path: this.#path }, body: { sha256 } });
  }

  /** A URL of one picture, uncovered or covered. Throws ApiError. */
  async picture(number: number, part: Part): Promise<string> {
    const first = number - (number % FETCHED);
    const name = `${part} ${first}`;
    const kept = this.#stretches.get(name) ?? this.#fetch(first, part);
    this.#stretches.delete(name);
    this.#stretches.set(name, kept);
    for (const [oldest, urls] of this.#stretches) {
      if (this.#stretches.size <= KEPT) break;
      this.#stretches.delete(oldest);
      forget(urls);
    }
    try {
      return (await kept)[number - first] ?? '';
    } catch (error) {
      this.#stretches.delete(name); // so that asking again asks the service again
      throw error;
    }
  }

  /** Fetches what comes after a picture before it is asked for. */
  fetchAhead(number: number, part: Part): void {
    const next = number + FETCHED;
    if (next < this.pictures.length) this.picture(next, part).catch(() => undefined);
  }

  release(): void {
    for (const urls of this.#stretches.values()) forget(urls);
    this.#stretches.clear();
  }

  async #fetch(first: number, part: Part): Promise<string[]> {
    const places = this.pictures.slice(first, first + FETCHED).map((picture) => picture[part]);
    const begin = places[0]?.[0];
    const end = places.at(-1)?.[1];
    if (begin === undefined || end === undefined) throw new Error(`no ${part} picture ${first}`);
    const { selection_id, moment_id } = this.#path;
    const path = `/api/v1/selections/${selection_id}/moments/${moment_id}/hiding/pictures/${part}`;
    const answer = await request(path, { headers: { Range: `bytes=${begin}-${end - 1}` } });
    const bytes = await answer.arrayBuffer();
    return places.map((place) => URL.createObjectURL(new Blob(place ? [bytes.slice(place[0] - begin, place[1] - begin)] : [], { type: 'image/jpeg' })));
  }
}

function forget(stretch: Promise<string[]>): void {
  void stretch.then((urls) => urls.forEach((url) => URL.revokeObjectURL(url))).catch(() => undefined);
}
