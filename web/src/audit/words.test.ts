import { describe, expect, it } from 'vitest';

import type { AuditCheck, ShownLine } from '../api/types';
import { ACTIONS, sentenceOfLine, verdictOf } from './words';

const line = (action: string, more: Partial<ShownLine> = {}): ShownLine => ({
  sequence: 7, at: '2026-11-28T09:00:00Z', who: 'Ada', account_id: 'a'.repeat(32), via: 'session', session_id: '', action, target: '',
  family_id: 'f', selection_id: '', moment_id: '', detail: '', family: 'K-104', cycle: null, target_name: '', ...more,
});

describe('a line of the audit', () => {
  it.each([
    [line('view', { cycle: 2 }), 'Ada looked at family K-104, cycle 2.'],
    [line('view', { family: '' }), 'Ada looked at a family that was erased.'],
    [line('share', { target_name: 'Ben' }), 'Ada shared family K-104 with Ben.'],
    [line('hide', { detail: '{"marks":2}' }), 'Ada hid somebody in a moment of family K-104 (marks: 2).'],
    [line('download', { via: 'api_token' }), 'Ada took away a file of family K-104 by a program with an API token.'],
    [line('refuse', { account_id: 'nobody', who: 'nobody', target: 'GET /api/v1/selections', detail: '{"status":401}' }), 'Somebody who was not signed in was refused (not signed in, GET /api/v1/selections).'],
    [line('start', { account_id: 'service', family: '', family_id: '' }), 'The service began to run.'],
    [line('change_roles', { target_name: 'Ben', detail: '{"role_1":"guider","role_2":"it"}' }), 'Ada changed the roles of Ben (role: guider, role: it).'],
    [line('backup', { account_id: 'command-line:0', who: 'command-line:0' }), 'Somebody at the service’s console made a backup.'],
    [line('an_act_of_a_later_version', { detail: 'as it was written then' }), 'Ada an act of a later version (as it was written then).'],
  ])('is a sentence: %#', (given, sentence) => expect(sentenceOfLine(given)).toBe(sentence));

  it('is found by its act, in plain words', () => {
    expect(new Map(ACTIONS).get('view')).toBe('looked at …');
    expect(ACTIONS.some(([, words]) => /[%@_]/.test(words))).toBe(false);
  });
});

describe('whether the audit is whole', () => {
  const checked = (faults: AuditCheck['found']['faults']): AuditCheck =>
    ({ is_whole: !faults.length, public_key: '', found: { lines: 120, from_before: 0, since: '2026-11-03T12:00:00Z', last: 120, code: '', checkpoints: 1, faults } });

  it('is said with the place of the first wound', () => {
    expect(verdictOf(checked([])).head).toBe('The audit is whole: 120 lines since 3 Nov 2026, none changed, moved or left out, compared with 1 checkpoint kept elsewhere.');
    expect(verdictOf(checked([{ kind: 'broken', sequence: 3 }, { kind: 'cut', sequence: 130 }]))).toEqual({
      head: 'The audit is wounded at line 3.',
      places: ['Line 3 was changed, moved or added, or the line before it was.', 'Line 130 was there once and is not any more: the end was cut off.'],
    });
  });
});
