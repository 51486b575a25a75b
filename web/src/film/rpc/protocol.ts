/** What the page and the film worker say to one another. */

import type { CutMode, FilmFacts, FinishedCut, Moment, RemoteFilm } from '../types';
import type { FilmProblemCode } from '../problem';

/** Each call's arguments, what it tells on the way, and its result. */
export interface Calls {
  open: { given: { file: File | RemoteFilm }; told: never; result: FilmFacts };
  strip: {
    given: { count: number; heightPx: number };
    told: { index: number; timeMs: number; picture: ImageBitmap };
    result: null;
  };
  waveform: { given: { buckets: number }; told: Float32Array; result: null };
  frameTimes: { given: { aroundMs: number; spanMs: number }; told: never; result: number[] };
  picture: { given: { atMs: number; heightPx: number }; told: never; result: ImageBitmap };
  cut: { given: { file: File; moment: Moment; mode: CutMode; name: string }; told: number; result: FinishedCut };
}

export type CallName = keyof Calls;

export type Question = { [Name in CallName]: { id: number; call: Name; given: Calls[Name]['given'] } }[CallName];

export type ToWorker = Question | { id: number; abort: true };

export type FromWorker =
  | { id: number; told: Calls[CallName]['told'] }
  | { id: number; result: Calls[CallName]['result'] }
  | { id: number; problem: { code: FilmProblemCode; detail: string } | 'aborted' };
