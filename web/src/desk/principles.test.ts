import { expect, it } from 'vitest';
import { PRINCIPLES, headingOf, readPrinciples } from './principles';

it('the service’s own list is read while the page is built', () => {
  expect(PRINCIPLES.map(({ tag }) => tag)).toContain('receiving-initiatives');
  expect(headingOf('receiving-initiatives')).toBe('Receiving initiatives');
});

it('a list written in another way is refused, not read wrongly', () => {
  expect(() => readPrinciples('[a]\nheading = 3')).toThrow('principles.toml');
});
