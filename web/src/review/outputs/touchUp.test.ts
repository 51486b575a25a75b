import { expect, it } from 'vitest';
import { cutsOf, keptOf, touchUpStyles } from './touchUp';

it('cuts each side and turns clockwise, large enough to show no empty corner', () => {
  const { cut, turn } = touchUpStyles({ cut_left: 10, cut_top: 5, straighten_deg: 10 }, 2);
  expect(cut).toContain('inset(5% 0% 0% 10%)');
  expect(turn).toBe(`rotate: 10deg; scale: ${(2 * Math.sin(Math.PI / 18) + Math.cos(Math.PI / 18)).toFixed(4)}`);
});

it('leaves alone what nobody touched', () => {
  expect(touchUpStyles({ straighten_deg: 0 }).turn).toBe('');
});

it('a frame on the picture is what is cut away around it, and the other way round', () => {
  const cuts = { cut_left: 10, cut_right: 30, cut_top: 0, cut_bottom: 25 };
  const kept = keptOf(cuts);
  expect([kept.x, kept.y, kept.width, kept.height].map((share) => share.toFixed(3))).toEqual(['0.100', '0.000', '0.600', '0.750']);
  expect(cutsOf(kept)).toEqual(cuts);
});

it('a frame that is too small grows within the picture', () => {
  expect(cutsOf({ x: 0.97, y: 0.5, width: 0.02, height: 0.02 })).toEqual({ cut_left: 80, cut_right: 0, cut_top: 50, cut_bottom: 30 });
});
