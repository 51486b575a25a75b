/** A sending as stored in this browser, so that it resumes after a reload or a restart. */

import type { FilmOf } from '../api/types';
import type { Way } from '../desk/marks';
import type { Span } from '../film';

export interface Part {
  /** The service's id of the moment; null for the whole film. */
  readonly moment: string | null;
  readonly kind: 'clip' | 'still' | 'film';
  readonly title: string;
  /** Name of the cut in OPFS; null for the whole film, which is read from where it lies. */
  readonly cut: string | null;
  readonly bytes: number;
  /** The film's time that the cut holds; not there: all of it, or it was cut before the page noted that. */
  readonly holds?: Span;
  /** The stretches in which somebody was to be covered, and is: she looked at every picture of the cut. */
  readonly looked?: readonly string[];
  done: boolean;
}

export interface SendingRecord {
  /** The service's id of the selection. */
  readonly id: string;
  readonly begunAt: number;
  readonly family: string;
  readonly cycle: number;
  /** Not there: sent by a version of the page that did not note it. */
  readonly of?: FilmOf;
  readonly hasPicture?: boolean;
  readonly way: Way;
  readonly filmKey: string;
  readonly filmBytes: number;
  readonly parts: Part[];
  paused: boolean;
}
