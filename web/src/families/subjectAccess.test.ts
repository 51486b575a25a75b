import { expect, test } from 'vitest';
import type { SubjectAccessItem, SubjectAccessRequest } from '../api/types';
import { dueSentence, groupsOf, othersSentence, progressOf } from './subjectAccess';

const item = (more: Partial<SubjectAccessItem>): SubjectAccessItem =>
  ({ id: 'clip:1', selection_id: 's', review: 'Cycle 1', others: [], decision: null, ...more }) as SubjectAccessItem;
const request = (more: Partial<SubjectAccessRequest>): SubjectAccessRequest =>
  ({ due_on: '2026-12-28', is_overdue: false, ended_at: null, handed_out_at: null, ...more }) as SubjectAccessRequest;

test('things stand with their review, also where two are called alike, and the family’s at the end', () => {
  const groups = groupsOf([item({}), item({ id: 'clip:2' }), item({ selection_id: 't' }), item({ selection_id: '', review: '' })]);
  expect(groups.map((one) => [one.title, one.items.length])).toEqual([['Cycle 1', 2], ['Cycle 1', 1], ['Of the family', 1]]);
});

test('it says until when it has to be answered', () => {
  const now = new Date(2026, 11, 26, 15);
  expect(dueSentence(request({}), now)).toContain('in 2 days');
  expect(dueSentence(request({}), new Date(2026, 11, 28, 15))).toContain(', today.');
  expect(dueSentence(request({ is_overdue: true }), now)).toContain('data protection officer');
  expect(dueSentence(request({ handed_out_at: '2026-12-01T10:00:00Z', is_overdue: true }), now)).toContain('Handed out on 1 Dec');
});

test('it says who else is in something, and how much was looked at', () => {
  expect(othersSentence(item({ others: ['father F', 'aunt'] }))).toBe('Recorded to be in it, and not asking: father F, aunt.');
  expect(progressOf([item({ decision: 'include' }), item({})])).toBe('1 of 2 looked at');
  expect(progressOf([item({ decision: 'leave_out' })])).toBe('Everything is looked at');
});
