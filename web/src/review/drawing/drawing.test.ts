import { expect, it } from 'vitest';
import cases from '../../../../tests/pipeline/drawing_cases.json';
import type { MomentView } from '../../api/types';
import { MOST_DRAWINGS } from '../../limits';
import { DrawingState } from './drawing.svelte';
import { nameOf, outline, withEnd, type Drawing } from './shapes';

it.each(cases)('$name: the same words and the same path as the service’s', ({ drawing, width, height, name, outline: path }) => {
  expect(nameOf(drawing as Drawing)).toBe(name);
  expect(outline(drawing as Drawing, width, height)).toBe(path);
});

const facts = { in_ms: 70_000, out_ms: 73_000, width_px: 640, height_px: 360, fps: 30, duration_ms: 3000 };
const clip = { kind: 'clip', facts, moment: { in: 70_000, out: 73_000 } } as unknown as MomentView;
const still = { kind: 'still', facts, moment: { at: 70_000 } } as unknown as MomentView;

it('shows what is drawn on a clip from the picture that was seen on, within the clip', () => {
  const state = new DrawingState(clip);
  state.frame = 75;
  state.put('circle');
  expect(state.shape).toMatchObject({ kind: 'circle', in: 72_500, out: 73_000 });
  state.last(0);
  expect(state.frameOf(state.shape!)).toBe(75);
  state.choose(null);
  expect([74, 75, 76].map((frame) => ((state.frame = frame), state.seen.length))).toEqual([0, 1, 0]);
});

it('draws by dragging in place of what a button has just put there, and undoes a drag as a whole', () => {
  const state = new DrawingState(still);
  state.put('arrow');
  expect(state.draw({ x: 0.1, y: 0.1 }, { x: 0.105, y: 0.1 }, false)).toBe(false);
  for (const [n, x] of [0.2, 0.3, 0.4].entries()) expect(state.draw({ x: 0.1, y: 0.1 }, { x, y: 0.1 }, n > 0)).toBe(true);
  expect(state.shapes).toHaveLength(1);
  expect(state.shape).toMatchObject({ x1: 0.1, x2: 0.4, in: null, out: null });
  state.draw({ x: 0.5, y: 0.5 }, { x: 0.9, y: 0.9 }, false);
  state.draw({ x: 0.5, y: 0.5 }, { x: 0.7, y: 0.9 }, true);
  expect(state.shapes).toHaveLength(2);
  state.undo();
  expect(state.shapes).toHaveLength(1);
  state.undo();
  expect(state.shapes).toHaveLength(0);
  expect(state.isChanged).toBe(false);
});

it('keeps a shape on its picture, and as large as can be seen', () => {
  const state = new DrawingState(still);
  state.put('circle');
  state.move(2, 2);
  expect(state.shape).toMatchObject({ x2: 1, y2: 1, x1: 0.76 });
  const small = state.shape!;
  expect(withEnd(small, 1, small.x2 - 0.01, 0.2)).toBe(small);
  while (!state.isFull) state.put('arrow');
  state.put('arrow');
  expect(state.draw({ x: 0, y: 0 }, { x: 1, y: 1 }, false)).toBe(true); // the one put last is drawn elsewhere
  expect(state.draw({ x: 0, y: 0 }, { x: 1, y: 1 }, false)).toBe(false);
  expect(state.shapes).toHaveLength(MOST_DRAWINGS);
});
