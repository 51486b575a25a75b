import { expect, test } from 'vitest';
import type { FamilyView } from '../api/types';
import { familyOf } from './load';

test('a family is known by its code, in whatever case it is written', () => {
  const families = [{ code: 'K-104' }, { code: 'K-207' }] as FamilyView[];
  expect(familyOf(families, ' k-207 ')).toBe(families[1]);
  expect(familyOf(families, 'K-20')).toBeUndefined();
  expect(familyOf(families, '')).toBeUndefined();
});
