import { expect, it } from 'vitest';
import { strokes } from './chart';

const y = (value: number): number => 50 - value;

it("shows a service's first value, which is the last of the chart, within the chart", () => {
  expect(strokes([null, null, null, 7], 240, y)).toEqual(['237.5,43.0 240.0,43.0']);
});

it('has a gap where nothing is known, and a short stroke for one value between two gaps', () => {
  expect(strokes([1, 2, null, 3, null], 240, y)).toEqual(['0.0,49.0 60.0,48.0', '180.0,47.0 182.5,47.0']);
});

it('draws nothing where nothing is known', () => {
  expect(strokes([null, null], 240, y)).toEqual([]);
});
