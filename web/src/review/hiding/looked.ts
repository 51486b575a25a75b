/** What marking people, playing pictures through and looking at many together need, wherever the pictures lie. */

import type { Box, CoveredPicture, Covers, Mark } from '../../api/types';

export type Part = 'uncovered' | 'covered';

export interface Looked {
  readonly pictures: readonly Pick<CoveredPicture, 'at_ms' | 'covers' | 'box' | 'doubt'>[];
  readonly marks: readonly Mark[];
  /** Numbers of the covered pictures that have been on the screen. */
  readonly seen: ReadonlySet<number>;
  readonly unseen: number;
  /** A URL of one picture. */
  picture(number: number, part: Part): Promise<string>;
  /** Gets what comes after a picture before it is asked for. */
  fetchAhead(number: number, part: Part): void;
  /** Counts a covered picture as looked at. */
  see(number: number): void;
  remember(): Promise<void>;
  markOn(number: number): Mark | undefined;
  /** Marks a picture; null takes its mark away. */
  mark(number: number, covers: Covers | null, box?: Box | null): void;
}
