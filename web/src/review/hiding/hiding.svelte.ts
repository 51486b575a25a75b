/** Hiding somebody in a moment: what is marked, what is covered because of it, and which pictures were looked at. */

import { ask, askJson } from '../../api/client.svelte';
import type { MomentView, SelectionView } from '../../api/shapes';

/** In shares of the picture's width and height. */
export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

export type Covers = 'box' | 'whole' | 'nobody';

export interface Mark {
  at: number;
  covers: Covers;
  box: Box | null;
}

export interface Picture {
  at_ms: number;
  covers: Covers;
  box: Box | null;
  drawn: boolean;
  doubt: string;
  uncovered: [number, number];
  covered: [number, number] | null;
}

interface HidingView {
  marks: Mark[];
  pictures: Picture[];
  sha256: string | null;
  confirmed: boolean;
}

const KEPT = 80;
const LEAST = 0.02;

/** A box that stays on the picture and never becomes too small to be held. */
export function within(box: Box): Box {
  const width = Math.min(1, Math.max(LEAST, box.width));
  const height = Math.min(1, Math.max(LEAST, box.height));
  return { x: Math.min(1 - width, Math.max(0, box.x)), y: Math.min(1 - height, Math.max(0, box.y)), width, height };
}

export class Hiding {
  view = $state.raw<HidingView | null>(null);
  marks = $state.raw<readonly Mark[]>([]);
  /** Numbers of the pictures that were on the screen as they would be handed out. */
  seen = $state.raw<ReadonlySet<number>>(new Set());
  readonly #path: string;
  readonly #urls = new Map<string, Promise<string>>();

  constructor(selection: SelectionView, moment: MomentView) {
    this.#path = `/api/v1/selections/${selection.id}/moments/${moment.id}/hiding`;
  }

  get pictures(): readonly Picture[] {
    return this.view?.pictures ?? [];
  }

  /** Whether the service knows other marks than these, so that what can be looked at is not of them. */
  get changed(): boolean {
    return JSON.stringify(this.marks) !== JSON.stringify(this.view?.marks ?? []);
  }

  get unseen(): number {
    return this.pictures.length - this.seen.size;
  }

  /** Throws Refused. */
  async load(): Promise<void> {
    const view = await askJson<HidingView>(this.#path);
    this.letGo();
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

  /** Has the marked person followed, or the pictures made ready to be marked. Throws Refused. */
  async ask(marks: readonly Mark[] = this.marks): Promise<void> {
    await this.#send('PUT', '', { marks });
    this.view = null;
  }

  /** Throws Refused. */
  async lift(): Promise<void> {
    await this.#send('DELETE');
  }

  /** Hands out the very file whose pictures were looked at. Throws Refused. */
  async confirm(): Promise<void> {
    if (this.view?.sha256 && !this.changed && this.unseen === 0) await this.#send('PUT', '/confirmation', { sha256: this.view.sha256 });
  }

  /** An address of one picture, as it is or as it would be handed out. Throws Refused. */
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

  letGo(): void {
    for (const url of this.#urls.values()) void url.then((gone) => URL.revokeObjectURL(gone)).catch(() => undefined);
    this.#urls.clear();
  }

  async #fetch(part: string, [begin, end]: [number, number]): Promise<string> {
    const answer = await ask(`${this.#path}/pictures/${part}`, { headers: { Range: `bytes=${begin}-${end - 1}` } });
    return URL.createObjectURL(new Blob([await answer.arrayBuffer()], { type: 'image/jpeg' }));
  }

  async #send(method: string, under = '', body?: unknown): Promise<void> {
    await ask(this.#path + under, { method, headers: { 'Content-Type': 'application/json' }, body: body === undefined ? null : JSON.stringify(body) });
  }
}
