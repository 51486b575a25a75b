import type { Score } from '../api/types';

/** `62.3 %`, or a dash where nothing was answered. */
export const perCent = (score: Score | null): string => (score?.per_cent == null ? '–' : `${score.per_cent.toFixed(1)} %`);
