import type { Score } from '../api/types';

/** `62.3 %`, or a dash where a question is still open. */
export const perCent = (score: Score | null): string => (score?.per_cent == null ? '–' : `${score.per_cent.toFixed(1)} %`);

/** `12 of 20 points · 60.0 %`; until every question is answered how many are left, and no per cent. */
export const scoreInWords = (score: Score): string =>
  `${score.points} of ${score.most} points · ${score.open ? `${score.open} left to answer` : perCent(score)}`;
