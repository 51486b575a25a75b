import { expect, test } from 'vitest';
import type { FamilyLine } from '../api/types';
import type { Draft } from '../desk/marks';
import { entriesOf, found, isOf, unsentOf } from './startList';

const line = (code: string): FamilyLine => ({ family: { id: code, code } as FamilyLine['family'], latest: null });
const draft = (family: string, sent: string[] = []): Draft => ({ key: family, details: { family }, sent }) as unknown as Draft;
const codes = (entries: { line: FamilyLine }[]): string[] => entries.map((one) => one.line.family.code);

test('a family with something unsent stands first, and the others stay as they were opened', () => {
  const entries = entriesOf([line('K-104'), line('W-220'), line('A-331')], [draft('a-331'), draft('W-220', ['sent'])]);
  expect(codes(entries)).toEqual(['A-331', 'K-104', 'W-220']);
  expect(entries.map((one) => one.unsent.length)).toEqual([1, 0, 0]);
});

test('a search minds neither case nor dashes, and finds all while nothing is typed', () => {
  const entries = entriesOf([line('K-104'), line('W-220')], []);
  expect(codes(found(entries, 'k104'))).toEqual(['K-104']);
  expect(codes(found(entries, ' 22'))).toEqual(['W-220']);
  expect(codes(found(entries, ' - '))).toEqual(['K-104', 'W-220']);
  expect(found(entries, 'x')).toEqual([]);
});

test('marks of which something was sent are not unsent, and belong to their family however its code was typed', () => {
  expect(unsentOf([draft('K-104', ['one']), draft('')]).map((one) => one.details.family)).toEqual(['']);
  expect([isOf(draft(' k-104 '), 'K-104'), isOf(draft('K-1'), 'K-104')]).toEqual([true, false]);
});
