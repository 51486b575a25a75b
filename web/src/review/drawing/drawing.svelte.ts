/** What is being drawn on one finished moment, until it is saved: the shapes, the chosen one, and what can be undone. */

import type { MomentView } from '../../api/types';
import { MOST_DRAWINGS } from '../../limits';
import { isLargeEnough, isOn, moved, withEnd, type Colour, type Drawing, type End, type Kind } from './shapes';

const USUAL_MS = 2000;
type Place = { x: number; y: number };

export class DrawingState {
  shapes = $state.raw<Drawing[]>([]);
  /** The place of the chosen one; null: none. */
  chosen = $state<number | null>(null);
  kind = $state<Kind>('arrow');
  colour = $state<Colour>('yellow');
  /** The number of the picture that is shown, from 0; 0 on a still. */
  frame = $state(0);
  readonly width: number;
  readonly height: number;
  readonly frames: number;
  readonly isClip: boolean;
  readonly #fps: number;
  readonly #startMs: number;
  #before: Drawing[][] = $state.raw([]);
  /** Put there by a button, and not moved yet: the next drag draws it in its place. */
  #fresh = false;
  #original: string;

  constructor(moment: MomentView) {
    const facts = moment.facts;
    this.width = facts?.width_px ?? 16;
    this.height = facts?.height_px ?? 9;
    this.isClip = moment.kind === 'clip';
    this.#fps = facts?.fps ?? 25;
    this.#startMs = facts?.in_ms ?? 0;
    this.frames = this.isClip ? Math.max(1, Math.round(((facts?.duration_ms ?? 0) * this.#fps) / 1000)) : 1;
    this.shapes = savedOn(moment);
    this.#original = JSON.stringify(this.shapes);
  }

  get isChanged(): boolean {
    return JSON.stringify(this.shapes) !== this.#original;
  }

  get canUndo(): boolean {
    return this.#before.length > 0;
  }

  get isFull(): boolean {
    return this.shapes.length >= MOST_DRAWINGS;
  }

  get shape(): Drawing | null {
    return this.chosen === null ? null : (this.shapes[this.chosen] ?? null);
  }

  /** Those that show on the picture that is seen, and the chosen one. */
  get seen(): Drawing[] {
    return this.shapes.filter((one, n) => n === this.chosen || isOn(one, this.#middleMs(this.frame)));
  }

  /** Where a frame is asked for: the middle of its time on screen, in seconds. */
  secondsOf(frame: number): number {
    return (frame + 0.5) / this.#fps;
  }

  /** From the start of the clip, in ms. */
  startOf(one: Drawing): number {
    return Math.max(0, (one.in ?? 0) - this.#startMs);
  }

  /** Its first picture; -1 where it lies outside of the clip by now. */
  frameOf(one: Drawing): number {
    for (let frame = 0; frame < this.frames; frame += 1) if (isOn(one, this.#middleMs(frame))) return frame;
    return -1;
  }

  choose(place: number | null): void {
    [this.chosen, this.#fresh] = [place, false];
    const shape = this.shape;
    if (!shape) return;
    this.colour = shape.colour;
    const first = this.frameOf(shape);
    if (first >= 0 && !isOn(shape, this.#middleMs(this.frame))) this.frame = first;
  }

  /** Puts a shape in the middle, for the keyboard; dragging then draws it where it is wanted. */
  put(kind: Kind): void {
    this.kind = kind;
    if (this.isFull) return;
    this.#add(kind === 'arrow' ? { x: 0.3, y: 0.7 } : { x: 0.38, y: 0.3 }, kind === 'arrow' ? { x: 0.5, y: 0.5 } : { x: 0.62, y: 0.7 });
    this.#fresh = true;
  }

  /** Draws from one place to another; false where nothing can be drawn. */
  draw(from: Place, to: Place, isGoingOn: boolean): boolean {
    const ends = { x1: from.x, y1: from.y, x2: to.x, y2: to.y };
    if (!isLargeEnough({ ...this.#made(this.kind), ...ends })) return isGoingOn; // a tap, or too small yet
    if (!isGoingOn && !this.#fresh) {
      if (this.isFull) return false;
      this.#add(from, to);
    }
    this.#change((one) => ({ ...one, ...ends }), true);
    return true;
  }

  /** `isGoingOn`: part of one drag, which is undone as a whole. */
  move(right: number, down: number, isGoingOn = false): void {
    this.#change((one) => moved(one, right, down), isGoingOn);
  }

  moveEnd(end: End, place: Place, isGoingOn = false): void {
    this.#change((one) => withEnd(one, end, place.x, place.y), isGoingOn);
  }

  /** By so much of the picture. */
  resize(end: End, right: number, down: number): void {
    this.#change((one) => withEnd(one, end, (end === 1 ? one.x1 : one.x2) + right, (end === 1 ? one.y1 : one.y2) + down));
  }

  paint(colour: Colour): void {
    this.colour = colour;
    if (this.shape) this.#change((one) => ({ ...one, colour }));
  }

  /** Shows it from the picture that is seen on, for so long; 0: on that picture alone. */
  last(ms: number): void {
    this.#change((one) => ({ ...one, ...this.#times(ms) }));
  }

  remove(place: number): void {
    this.remember();
    this.shapes = this.shapes.filter((_, n) => n !== place);
    this.choose(null);
  }

  undo(): void {
    const before = this.#before.at(-1);
    if (!before) return;
    this.#before = this.#before.slice(0, -1);
    this.shapes = before;
    this.choose(this.chosen !== null && this.chosen < before.length ? this.chosen : null);
  }

  /** Remembers what is there, to be undone to. */
  remember(): void {
    this.#before = [...this.#before.slice(-49), this.shapes];
  }

  #middleMs(frame: number): number {
    return this.isClip ? this.#startMs + this.secondsOf(frame) * 1000 : 0;
  }

  #times(ms: number): Pick<Drawing, 'in' | 'out'> {
    const oneMs = 1000 / this.#fps;
    const from = Math.floor(this.frame * oneMs);
    const to = Math.min(from + (ms || Math.max(1, Math.round(oneMs))), Math.ceil(this.frames * oneMs));
    return { in: this.#startMs + from, out: this.#startMs + to };
  }

  #made(kind: Kind): Drawing {
    const times = this.isClip ? this.#times(USUAL_MS) : { in: null, out: null };
    return { kind, colour: this.colour, x1: 0, y1: 0, x2: 1, y2: 1, ...times };
  }

  #add(from: Place, to: Place): void {
    this.remember();
    this.shapes = [...this.shapes, { ...this.#made(this.kind), x1: from.x, y1: from.y, x2: to.x, y2: to.y }];
    this.chosen = this.shapes.length - 1;
  }

  #change(by: (one: Drawing) => Drawing, isGoingOn = false): void {
    if (this.chosen === null || !this.shape) return;
    if (!isGoingOn) this.remember();
    this.#fresh = false;
    const [place, next] = [this.chosen, by(this.shape)];
    this.shapes = this.shapes.map((one, n) => (n === place ? next : one));
  }
}

/** What is drawn on a moment, as the service has it. */
export const savedOn = (moment: MomentView): Drawing[] => (moment.moment.drawings ?? []).map((one) => ({ ...one, colour: one.colour ?? 'yellow', in: one.in ?? null, out: one.out ?? null }));
