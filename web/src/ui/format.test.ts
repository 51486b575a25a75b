import { describe, expect, it } from 'vitest';
import { clock, duration, left, parseClock, size, speed, spokenClock, wait } from './format';

describe('times', () => {
  it.each([
    [0, 1, '0:00.0'],
    [70_299, 1, '1:10.2'],
    [59_999, 2, '0:59.99'],
    [3_661_000, 0, '1:01:01'],
  ])('%i ms are never rounded up', (ms, decimals, said) => expect(clock(ms, decimals)).toBe(said));

  it.each([
    ['1:10.2', 70_200],
    ['70,2', 70_200],
    [' 1:01:10 ', 3_670_000],
    ['ten past', NaN],
    ['1:2:3:4', NaN],
    ['', NaN],
  ])('“%s” as typed', (typed, ms) => expect(parseClock(typed)).toBe(ms));

  it('what is said can be typed again', () => expect(parseClock(clock(754_320, 2))).toBe(754_320));
  it('are spoken in words', () => expect(spokenClock(61_500)).toBe('1 minute 1.5 seconds'));
});

describe('sizes and waits', () => {
  it.each([
    [1_936_502_121, '1.9 GB'],
    [273_523_235, '274 MB'],
    [4_200_000, '4.2 MB'],
    [10, '1 kB'],
  ])('%i bytes', (bytes, said) => expect(size(bytes)).toBe(said));

  it('a whole film at 5 Mbit/s takes most of an hour', () => expect(wait(1_936_502_121 / 625_000)).toBe('about 52 minutes'));
  it('a film is as long as people say', () => expect([400, 8_400, 60_000, 750_000, 3_600_000, 3_930_000].map(duration)).toEqual(['1 s', '8 s', '1 min', '12 min 30 s', '1 h', '1 h 5 min']));
  it('an hour has words of its own', () => expect(wait(3_900)).toBe('about 1 hour 5 min'));
  it('counts down in steps a person can follow', () => expect([left(3), left(42), left(61)]).toEqual(['a few seconds left', '40 s left', '2 min left']));
  it('a slow line is not said to stand still', () => expect(speed(34_000)).toBe('34 kB/s'));
});
