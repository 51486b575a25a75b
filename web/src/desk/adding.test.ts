import { expect, it } from 'vitest';

import type { SelectionView } from '../api/types';
import { isSameFilm, splitSent, takeWords } from './adding';
import type { Mark } from './marks';

const VIEW = {
  id: 'f',
  film: { bytes: 10, duration_ms: 5000 },
  moments: [{ moment: { in: 100, out: 900 } }, { moment: { at: 1200 } }],
} as unknown as SelectionView;
const words = { caption: '', principle: null };
const clip = (id: string, inMs: number, outMs: number, sentIn?: string): Mark => ({ id, kind: 'clip', inMs, outMs, ...words, ...(sentIn ? { sentIn } : {}) });
const still = (id: string, atMs: number): Mark => ({ id, kind: 'still', atMs, exact: true, ...words });

it('knows what was sent by its note, and of before that by its times', () => {
  const marks = [clip('a', 100, 900), clip('b', 100, 950), clip('c', 3000, 4000, 'f'), clip('d', 1, 2, 'another'), still('e', 1200), still('g', 1201)];
  const { sent, fresh } = splitSent(marks, VIEW);
  expect(sent.map((one) => one.id)).toEqual(['a', 'c', 'e']);
  expect(fresh.map((one) => one.id)).toEqual(['b', 'd', 'g']);
});

it('takes over what was corrected, and leaves what was sent in another review', () => {
  const view = { ...VIEW, moments: [{ id: 'm', moment: { in: 1, out: 2, caption: 'Sam looks up.', principle: 'guiding' } }, { id: 'n', moment: { at: 1200, caption: '' } }] } as unknown as SelectionView;
  const marks = [{ ...clip('a', 100, 900, 'f'), sentAs: 'm', caption: 'Ella looks up.' }, { ...still('e', 1200), caption: 'Ella' }, { ...clip('z', 1, 2, 'other'), sentAs: 'q', caption: 'Kim' }];
  expect(takeWords(marks, view)).toBe(true);
  expect(marks.map((one) => [one.caption, one.principle])).toEqual([['Sam looks up.', 'guiding'], ['', null], ['Kim', null]]);
  expect(takeWords(marks, view)).toBe(false);
});

it('takes a film for the same by its key, and where none is known by size and length', () => {
  const film = { key: 'k', bytes: 10, durationMs: 5001 };
  expect([isSameFilm(film, 'k', VIEW), isSameFilm(film, 'other', VIEW), isSameFilm(film, null, VIEW)]).toEqual([true, false, true]);
  expect([isSameFilm({ ...film, bytes: 11 }, null, VIEW), isSameFilm({ ...film, durationMs: 5100 }, null, VIEW)]).toEqual([false, false]);
});
