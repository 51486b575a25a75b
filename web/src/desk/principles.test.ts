import { expect, it } from 'vitest';
import { PRINCIPLES, headingOf } from './principles';

it('the service’s own list is read while the page is built', () => {
  expect(PRINCIPLES.map(({ tag }) => tag)).toContain('receiving-initiatives');
  expect(PRINCIPLES.every(({ heading }) => /^[A-Z][a-z ]+$/.test(heading))).toBe(true);
  expect(headingOf('receiving-initiatives')).toBe('Receiving initiatives');
});
