/**
 * The one door by which bytes of a film leave this computer.
 *
 * upload() takes nothing else than what was cleared here, and each piece of it is cleared anew when it is read: what is
 * marked while the film travels stops it at the next piece, whichever tab sends it and whichever has marked.
 */

import { heldBackBy, stretchesOf, type Held } from '../desk/covering';
import { cutFile, FilmProblem, type FileBytes } from '../film';
import { reopenFilm } from '../desk/fileHandles';
import { keyOf } from '../api/storageKeys';
import type { Part, SendingRecord } from './sendingRecord';

export class Cleared {
  readonly #bytes: FileBytes;
  readonly #filmKey: string;
  readonly #held: Held;

  private constructor(bytes: FileBytes, filmKey: string, held: Held) {
    [this.#bytes, this.#filmKey, this.#held] = [bytes, filmKey, held];
  }

  /** Throws FilmProblem kept_back, kept_back_whole; ApiError where what was said of the film cannot be read. */
  static async of(bytes: FileBytes, filmKey: string, held: Held): Promise<Cleared> {
    const made = new Cleared(bytes, filmKey, held);
    await made.#check();
    return made;
  }

  get size(): number {
    return this.#bytes.size;
  }

  /** A piece of it, if it may still leave. Throws as of(). */
  async piece(from: number, to: number): Promise<Blob> {
    await this.#check();
    return new Blob([await this.#bytes.slice(from, to).arrayBuffer()]);
  }

  async #check(): Promise<void> {
    if (!heldBackBy(this.#held, await stretchesOf(this.#filmKey)).length) return;
    throw new FilmProblem(this.#held.holds ? 'kept_back' : 'kept_back_whole');
  }
}

/** What a part holds of its film. */
export const heldIn = ({ cut, holds, looked }: Part): Held => ({ holds: cut === null ? null : (holds ?? null), looked: cut === null ? [] : (looked ?? []) });

/** The cut of a part. Throws FilmProblem cut_gone, and as Cleared.of(). */
export async function clearCut(name: string, part: Part, { filmKey }: SendingRecord): Promise<Cleared> {
  return Cleared.of(await cutFile(name, keyOf), filmKey, heldIn(part));
}

/**
 * The whole film: the file that was chosen, or the one that the browser has a handle to; 'ask' where it wants a click
 * first, null where it has none. Never one of which only moments were to be sent. Throws as Cleared.of().
 */
export async function clearFilm(film: File | null, { id, filmKey, way }: SendingRecord): Promise<Cleared | 'ask' | null> {
  if (way !== 'whole') throw new FilmProblem('cut_gone', 'a part of moments has no cut');
  const found = film ?? (await reopenFilm(id, filmKey));
  return found instanceof File ? Cleared.of(found, filmKey, { holds: null, looked: [] }) : found;
}

export const isKeptBack = (error: unknown): error is FilmProblem => error instanceof FilmProblem && error.code.startsWith('kept_back');
