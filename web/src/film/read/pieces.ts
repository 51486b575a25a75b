/** The stretches of a track that its film shows, on the demuxer's clock and on the film's. */

import type { TrackTimeline } from './timeline';

/**
 * One stretch, in ticks of the track. Stored ticks are what the demuxer tells; film ticks go on over the joins.
 * What is stored outside of every piece was cut out of the film: it is not shown and never leaves this machine.
 */
export interface Piece {
  readonly storedFrom: number;
  /** The first tick that is not shown. */
  readonly storedTo: number;
  /** Added to stored ticks, gives film ticks. */
  readonly shift: number;
}

/** A track without edits: everything from 0 on; negative times stand before an edit list's start. */
export const EVERYTHING: readonly Piece[] = [{ storedFrom: 0, storedTo: Infinity, shift: 0 }];

/** The pieces that a track's edit list shows, each where the movie's clock has it. */
export function piecesOf(timeline: TrackTimeline | undefined): readonly Piece[] {
  if (!timeline?.pieces) return EVERYTHING;
  return timeline.pieces.map(({ fromTicks, toTicks, atTicks }) => {
    const storedFrom = fromTicks - timeline.demuxerOffset;
    return { storedFrom, storedTo: toTicks - timeline.demuxerOffset, shift: atTicks - storedFrom };
  });
}

/**
 * The same pieces, but each begins with its first picture: where an edit begins between two pictures, the one before it
 * stands until then, and the film's 0 is the first picture of all. `firsts` are their stored ticks; a piece without a
 * picture (null) is left out.
 */
export function anchorPieces(pieces: readonly Piece[], firsts: readonly (number | null)[]): Piece[] {
  return pieces.flatMap((piece, index) => {
    const first = firsts[index];
    return first == null ? [] : [{ ...piece, storedFrom: first }];
  });
}

export function filmFromOf(piece: Piece): number {
  return piece.storedFrom + piece.shift;
}

/** The index of the piece that holds a film tick: the last that begins at or before it, or the first. */
export function pieceIndexAt(pieces: readonly Piece[], filmTicks: number): number {
  return Math.max(0, pieces.findLastIndex((piece) => filmFromOf(piece) <= filmTicks));
}

export function isShown(piece: Piece, storedTicks: number): boolean {
  return storedTicks >= piece.storedFrom && storedTicks < piece.storedTo;
}

/** Where a time of the film is stored, in the demuxer's seconds, and what to add to come back. */
export function toStoredSeconds(
  pieces: readonly Piece[] | null,
  ticksPerSecond: number,
  filmSeconds: number,
): { seconds: number; shift: number } {
  const piece = pieces?.[pieceIndexAt(pieces, filmSeconds * ticksPerSecond)];
  const shift = piece ? piece.shift / ticksPerSecond : 0;
  return { seconds: filmSeconds - shift, shift };
}
