/** Hiding somebody in a moment: what is marked, what is covered because of it, and which pictures were looked at. */

import { api, dataOf, request } from '../../api/client.svelte';
import type { Box, Covers, HidingView, Mark, MomentView, CoveredPicture, SelectionView } from '../../api/types';

const HIDING = '/api/v1/selections/{selection_id}/moments/{moment_id}/hiding';
const KEPT = 80;
const LEAST = 0.02;

/** The box clamped to the picture, and never too small to grab. */
export function within(box: Box): Box {
  const width = Math.min(1, Math.max(LEAST, box.width));
  const height = Math.min(1, Math.max(LEAST, box.height));
  return { x: Math.min(1 - width, Math.max(0, box.x)), y: Math.min(1 - height, Math.max(0, box.y)), width, height };
}

export class Hiding {
  view = $state.raw<HidingView | null>(null);
  marks = $state.raw<readonly Mark[]>([]);
  /** Numbers of the covered pictures that have been on the screen. */
  seen = $state.raw<ReadonlySet<number>>(new Set());
  readonly #path: { selection_id: string; moment_id: string };
  readonly #urls = new Map<string, Promise<string>>();

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
    this.seen = new Set();
    this.view = view;
    this.marks = view.marks;
  }

  see(number: number): void {
    if (!this.seen.has(number)) this.seen = new Set([...this.seen, number]);
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

  /** Starts tracking the marked person, or prepares the pictures for marking. Throws ApiError. */
  async ask(marks: readonly Mark[] = this.marks): Promise<void> {
    await api.PUT(HIDING, { params: { path: this.#path }, body: { marks: [...marks] } });
    this.view = null;
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
  picture(number: number, part: 'uncovered' | 'covered'): Promise<string> {
    const place = this.pictures[number]?.[part];
    if (!place) return Promise.reject(new Error(`no ${part} picture ${number}`));
    const name = `${part} ${number}`;
    const kept = this.#urls.get(name) ?? this.#fetch(part, place);
    this.#urls.delete(name);
    this.#urls.set(name, kept);
    for (const [oldest, url] of this.#urls) {
      if (this.#urls.size <= KEPT) break;
      this.#urls.delete(oldest);
      void url.then((gone) => URL.revokeObjectURL(gone)).catch(() => undefined);
    }
    return kept;
  }

  release(): void {
    for (const url of this.#urls.values()) void url.then((gone) => URL.revokeObjectURL(gone)).catch(() => undefined);
    this.#urls.clear();
  }

  async #fetch(part: 'uncovered' | 'covered', [begin, end]: [number, number]): Promise<string> {
    const { selection_id, moment_id } = this.#path;
    const path = `/api/v1/selections/${selection_id}/moments/${moment_id}/hiding/pictures/${part}`;
    const answer = await request(path, { headers: { Range: `bytes=${begin}-${end - 1}` } });
    return URL.createObjectURL(new Blob([await answer.arrayBuffer()], { type: 'image/jpeg' }));
  }
}
