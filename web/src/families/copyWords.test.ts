import { expect, it } from 'vitest';

import type { HandedOutCopy } from '../api/types';
import { endingOf, isOut, sealedBytes, whatLeft, whoHasIt } from './copyWords';

const NOW = new Date('2026-12-12T12:00:00');
const COPY: HandedOutCopy = {
  id: 'a1a8fa00000000000000000000000000', family_id: '', selection_id: '', kind: 'review_pack', carrier: 'sealed', purpose: 'shared_review',
  to_whom: 'mother, A. B.', reason: '', by_account_id: '', by: 'Ada', created_at: '2026-12-01T10:00:00', until: null, ended_at: null, ended_how: null,
  opened: null, last_opened_at: null, is_older: false,
};

it('says to whom a copy went, or who took it', () => {
  expect(`${whatLeft(COPY)} ${whoHasIt(COPY)}`).toBe('Review pack, sealed a1a8fa for mother, A. B., 1 Dec 2026.');
  expect(whoHasIt({ ...COPY, to_whom: '', reason: 'To print' })).toBe('taken by Ada, 1 Dec 2026 (To print).');
});

it('ends as the last day does, and a link alone ends by itself', () => {
  const until = new Date('2026-12-13T00:00:00').toISOString();
  const link: HandedOutCopy = { ...COPY, carrier: 'link', opened: 0, until };
  expect(endingOf(link, NOW)).toBe('Not opened yet. Ends 12 Dec 2026.');
  expect(endingOf({ ...link, opened: 2 }, NOW)).toBe('Opened 2 times. Ends 12 Dec 2026.');
  const later = new Date('2026-12-14T00:00:00');
  expect([isOut(link, NOW), isOut(link, later), isOut({ ...COPY, until }, later)]).toEqual([true, false, true]);
  expect(endingOf({ ...COPY, until }, later)).toBe('To be back since 12 Dec 2026.');
  expect(endingOf({ ...COPY, is_older: true }, NOW)).toBe('Older than what is here now.');
});

it('tells how large a sealed pack is', () => {
  const kib = 2 ** 10;
  expect([1, 513 * kib, 1024 * kib, 20 * 1024 * kib + 1].map((bytes) => Math.round(((sealedBytes(bytes) - 94_000) * 3) / 4 / kib))).toEqual([512, 640, 1024, 24 * 1024]);
});
