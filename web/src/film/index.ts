/** The film engine: opens a film on this machine, shows its pictures, and cuts moments out of it. Nothing is sent. */

export { openFilm } from './open';
export { playerAgrees } from './show/playerAgrees';
export { playerHas } from './show/playerHabits';
export { compareLength, isSameSize, mayBeHeard, mayBePlayed, playerShows } from './show/playerTells';
export { unsupportedFilm } from './read/unsupported';
export { FilmProblem, type FilmProblemCode } from './problem';
export { lightCutsAtOnce, thisComputer } from './cut/atOnce';
export { cut, cutFile, discardCut, listCuts } from './cut/cutQueue';
export { coverAt, type Cover } from './cut/cover';
export type { Box, CoverMark, CutClaims, CutMode, CutTimes, Film, FileBytes, FilmFacts, FinishedCut, KeyFinder, Moment, NearPicture, RemoteFilm, SealedCut, SealKey, Span } from './types';
