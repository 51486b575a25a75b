import { describe, expect, it } from 'vitest';
import { scoreInWords } from './score';

describe('a score in words', () => {
  it('has a per cent only when every question was answered', () => {
    const score = { points: 12, most: 20, not_applicable: 1, open: 0, per_cent: 60 };
    expect(scoreInWords(score)).toBe('12 of 20 points · 60.0 %');
    expect(scoreInWords({ ...score, open: 3, per_cent: null })).toBe('12 of 20 points · 3 left to answer');
  });

  it('has none where no question applies', () => {
    expect(scoreInWords({ points: 0, most: 0, not_applicable: 5, open: 0, per_cent: null })).toBe('0 of 0 points · –');
  });
});
