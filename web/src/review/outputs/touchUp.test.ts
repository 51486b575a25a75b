import { expect, it } from 'vitest';
import { touchUpStyles } from './touchUp';

it('cuts each side and turns clockwise, large enough to show no empty corner', () => {
  const { cut, turn } = touchUpStyles({ cut_left: 10, cut_top: 5, straighten_deg: 10 }, 2);
  expect(cut).toContain('inset(5% 0% 0% 10%)');
  expect(turn).toBe(`rotate: 10deg; scale: ${(2 * Math.sin(Math.PI / 18) + Math.cos(Math.PI / 18)).toFixed(4)}`);
});

it('leaves alone what nobody touched', () => {
  expect(touchUpStyles({ straighten_deg: 0 }).turn).toBe('');
});
