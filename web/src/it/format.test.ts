import { expect, it } from 'vitest';
import { age, gigabytes, picturesOf, plain, since } from './format';

it('says an age in the unit one thinks in', () => {
  expect([null, 0.42, 8, 99, 120, 3600, 7500, 200_000].map(age)).toEqual(
    ['unknown', '0.4 s', '8 s', '99 s', '2 min', '1 h', '2 h 5 min', '2 days'],
  );
});

it('says since when, and that nobody knows', () => {
  const now = new Date(2026, 10, 24, 21, 45).getTime();
  expect(since(new Date(2026, 10, 24, 21, 40).toISOString(), now)).toBe('since 21:40, for 5 min');
  expect(since(new Date(now - 2000).toISOString(), now)).toBe('since just now');
  expect(since(null, now)).toBe('since an unknown time');
});

it('an unknown size is no zero', () => {
  expect([gigabytes(null), gigabytes(0), gigabytes(3.44e9), gigabytes(2e11)]).toEqual(['unknown', '0.0 GB', '3.4 GB', '200 GB']);
  expect(plain('review_pack')).toBe('review pack');
});

it('says of finished clips how many were copied and how many encoded, and nothing where there are none', () => {
  const some = [{ how: 'uneven_rate', clips: 2 }, { how: 'copied', clips: 12 }, { how: 'hidden', clips: 1 }];
  expect([picturesOf(some), picturesOf([])]).toEqual([' · clips: 12 copied, 3 encoded', '']);
});
