/** The messages between the page and the film worker. */

import type { CoverMark, CutMode, FilmFacts, FinishedCut, Moment, NearPicture, RemoteFilm, SealedCut, SealKey } from '../types';
import type { FilmProblemCode } from '../problem';
import type { PictureSpan } from '../show/span';

/** Each call's arguments, its progress messages and its result. */
export interface Calls {
  open: { args: { file: File | RemoteFilm | SealedCut }; progress: never; result: FilmFacts };
  strip: {
    args: { count: number; heightPx: number };
    progress: { index: number; timeMs: number; picture: ImageBitmap };
    result: null;
  };
  waveform: { args: { buckets: number }; progress: Float32Array; result: null };
  frameTimes: { args: { aroundMs: number; spanMs: number }; progress: never; result: number[] };
  picture: { args: { atMs: number; heightPx: number }; progress: never; result: ImageBitmap };
  pictureNear: { args: { atMs: number; heightPx: number }; progress: never; result: NearPicture };
  span: { args: { atMs: number; keyOnly: boolean; groupsBack: number }; progress: never; result: PictureSpan | null };
  cut: { args: { file: File; moment: Moment; mode: CutMode; name: string; seal: SealKey; marks: readonly CoverMark[] }; progress: number; result: FinishedCut };
}

export type CallName = keyof Calls;

export type WorkerRequest = { [Name in CallName]: { id: number; call: Name; args: Calls[Name]['args'] } }[CallName];

export type WorkerMessage = WorkerRequest | { id: number; abort: true };

export type WorkerResponse =
  | { id: number; progress: Calls[CallName]['progress'] }
  | { id: number; result: Calls[CallName]['result'] }
  | { id: number; problem: { code: FilmProblemCode; detail: string } | 'aborted' };
