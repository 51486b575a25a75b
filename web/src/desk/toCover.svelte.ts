/** What the desk knows of where somebody is to be covered, and what it says of it. */

import type { CoverMark } from '../film';
import { clock } from '../ui/format';
import { changeStretches, onChangedElsewhere, stretchesOf, type Stretch } from './covering';
import { extentOf, type Mark } from './marks';

export class ToCover {
  stretches = $state.raw<readonly Stretch[]>([]);
  /** Called after any tab has said something else. */
  onChange: () => void = () => undefined;
  readonly #end: () => void;
  #turn = 0;

  private constructor(
    private readonly filmKey: string,
    first: readonly Stretch[],
  ) {
    this.stretches = first;
    this.#end = onChangedElsewhere(filmKey, () => void this.refresh());
  }

  static async of(filmKey: string): Promise<ToCover> {
    return new ToCover(filmKey, await stretchesOf(filmKey));
  }

  end(): void {
    this.#end();
  }

  async refresh(): Promise<void> {
    const turn = this.#turn;
    const stored = await stretchesOf(this.filmKey);
    if (turn === this.#turn) this.stretches = stored;
    this.onChange();
  }

  for(mark: Mark): Stretch | undefined {
    return this.stretches.find((one) => one.id === mark.id);
  }

  /** Somebody is to be covered in a moment. */
  async say(mark: Mark): Promise<void> {
    await this.#change((now) => [...now.filter((one) => one.id !== mark.id), { id: mark.id, ...extentOf(mark), marks: [], asked: false, looked: null }]);
  }

  /** Nobody is to be covered there after all. */
  async takeBack(id: string): Promise<void> {
    await this.#change((now) => now.filter((one) => one.id !== id));
  }

  /** What is to be covered on its pictures; made only once it is asked for. */
  async draw(id: string, marks: readonly CoverMark[], asked: boolean): Promise<void> {
    await this.#change((now) => now.map((one) => (one.id === id ? { ...one, marks, asked, looked: null } : one)));
  }

  /** Every picture of that covered cut of a moment was looked at, with all that this tab knows to be marked. */
  async noteLooked(id: string, cut: string): Promise<void> {
    const knew = this.stretches.map((one) => one.id);
    await this.#change((now) => now.map((one) => (one.id === id ? { ...one, looked: { cut, knew } } : one)));
  }

  /** Seconds that a moment has or has had stay seconds in which somebody is to be covered. */
  grow(marks: readonly Mark[]): void {
    const extents = new Map(marks.map((mark) => [mark.id, extentOf(mark)]));
    const wider = (now: readonly Stretch[]): Stretch[] =>
      now.map((one) => {
        const { fromMs, toMs } = extents.get(one.id) ?? one;
        return fromMs < one.fromMs || toMs > one.toMs ? { ...one, fromMs: Math.min(one.fromMs, fromMs), toMs: Math.max(one.toMs, toMs) } : one;
      });
    if (wider(this.stretches).some((one, n) => one !== this.stretches[n])) void this.#change(wider);
  }

  /** Those of moments that are no more. */
  without(marks: readonly Mark[]): Stretch[] {
    return this.stretches.filter((one) => !marks.some(({ id }) => id === one.id));
  }

  async #change(change: (now: readonly Stretch[]) => readonly Stretch[]): Promise<void> {
    this.stretches = change(this.stretches);
    this.onChange();
    const turn = ++this.#turn;
    const stored = await changeStretches(this.filmKey, change);
    if (turn === this.#turn) this.stretches = stored; // else more was said meanwhile
  }
}

export const spanInWords = ({ fromMs, toMs }: { fromMs: number; toMs: number }): string => (toMs - fromMs > 1 ? `${clock(fromMs)} to ${clock(toMs)}` : clock(fromMs));
