import { describe, expect, it } from 'vitest';

import { raterOf } from './words';

describe('the code by which somebody rates', () => {
  it('is self for who works on the recording', () => expect(raterOf([], true)).toBe('self'));

  it('is a supervisor’s own, or the next that is free', () => {
    const others = [{ rater: 'self', may_change: false }, { rater: 'sup-1', may_change: false }];
    expect(raterOf(others, false)).toBe('sup-2');
    expect(raterOf([...others, { rater: 'sol', may_change: true }], false)).toBe('sol');
  });
});
