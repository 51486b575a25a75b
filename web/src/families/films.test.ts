import { expect, test } from 'vitest';
import type { FilmLine } from '../api/types';
import { cyclesOf, isCamerasName, kindOf, nextCycle, sayDay, standOf, titleOfFilm } from './films';

const film = (cycle: number, more: Partial<FilmLine> = {}): FilmLine => ({
  selection_id: `${cycle}${more.of ?? ''}`, cycle, of: 'family_film', has_picture: true, sent_at: '2026-11-20T10:00:00Z', review_on: null,
  state: 'ready', unconfirmed: false, clips: 2, stills: 1, thumbnail: null, ...more,
});

test('a title says which film it is: of the family, a diary, or the recording of a review', () => {
  expect(titleOfFilm({ family: 'K-104', cycle: 2, of: 'review_recording' })).toBe('K-104 · cycle 2 · review recording');
  expect(titleOfFilm({ family: 'K-104', cycle: 2 })).toBe('K-104 · cycle 2 · film');
  expect([kindOf('family_film', false), kindOf('review_recording', false)]).toEqual(['diary', 'review recording']);
});

test('what waits for the guider says so before what goes on by itself', () => {
  expect(standOf(film(1, { unconfirmed: true })).tone).toBe('wanted');
  expect(standOf(film(1, { state: 'failed' }))).toEqual({ words: 'needs you', tone: 'wanted' });
  expect(standOf(film(1, { state: 'preparing' })).tone).toBe('going');
});

test('the latest cycle stands first, and a film keeps its place before the recording of its review', () => {
  const films = [film(1), film(1, { of: 'review_recording' }), film(2)];
  expect(cyclesOf(films).map((one) => [one.cycle, one.films.map((line) => line.of)])).toEqual([
    [2, ['family_film']],
    [1, ['family_film', 'review_recording']],
  ]);
});

test('a new film begins the cycle after the last film, whatever recordings there are', () => {
  expect(nextCycle([])).toBe(1);
  expect(nextCycle([film(2), film(5, { of: 'review_recording' })])).toBe(3);
});

test('a day is said as people say it', () => {
  const now = new Date(2026, 10, 28, 9, 0);
  const days = [[2026, 10, 28, 0], [2026, 10, 27, 23], [2026, 10, 24, 12], [2026, 10, 3, 12], [2025, 10, 3, 12]] as const;
  expect(days.map(([year, month, day, hour]) => sayDay(new Date(year, month, day, hour).getTime(), now))).toEqual(['today', 'yesterday', 'Tuesday', '3 Nov', '3 Nov 2025']);
});

test.each(['IMG_2041.MOV', 'PXL_20261128_140501.TS.mp4', 'VID-20261128-WA0003.mp4', '20261128_140501.mp4', 'MVI 0017 (2).AVI'])('%s is a name that a camera gave', (name) => {
  expect(isCamerasName(name)).toBe(true);
});

test.each(['Anna at lunch.mp4', 'anna1.mov', 'K104 Jones.mp4', '2026 Müller.mov'])('%s may name somebody', (name) => {
  expect(isCamerasName(name)).toBe(false);
});
