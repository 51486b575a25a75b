/** CSS that previews a straightened and cropped still; the same arithmetic as the service's. */

import type { Box } from '../../api/types';
import type { Recipe } from './recipeSchema';

/** As much of a side is left at least; the service leaves a tenth. */
const LEAST_LEFT = 0.2;
const per = (choice: Recipe, name: string): number => Number(choice[name] ?? 0) || 0;

/** `cut` is for a box around the picture, `turn` for the picture; `ratio` is its longer side over its shorter one. */
export function touchUpStyles(choice: Recipe, ratio = 16 / 9): { cut: string; turn: string } {
  const degrees = per(choice, 'straighten_deg');
  const angle = (Math.abs(degrees) * Math.PI) / 180;
  const scale = ratio * Math.sin(angle) + Math.cos(angle);
  const sides = ['cut_top', 'cut_right', 'cut_bottom', 'cut_left'].map((name) => `${per(choice, name)}%`);
  return { cut: `overflow: hidden; clip-path: inset(${sides.join(' ')})`, turn: degrees ? `rotate: ${degrees}deg; scale: ${scale.toFixed(4)}` : '' };
}

/** What is left of the picture, as shares of it. */
export function keptOf(choice: Recipe): Box {
  const [top, right, bottom, left] = ['cut_top', 'cut_right', 'cut_bottom', 'cut_left'].map((name) => per(choice, name) / 100) as [number, number, number, number];
  return { x: left, y: top, width: Math.max(0, 1 - left - right), height: Math.max(0, 1 - top - bottom) };
}

/** What is cut away on each side, in per cent, so that this is left; a little more than was drawn where that is too small. */
export function cutsOf(kept: Box): Recipe {
  const width = Math.max(LEAST_LEFT, kept.width);
  const height = Math.max(LEAST_LEFT, kept.height);
  const x = Math.min(kept.x, 1 - width);
  const y = Math.min(kept.y, 1 - height);
  const share = (of: number): number => Math.max(0, Math.round(of * 1000) / 10);
  return { cut_left: share(x), cut_right: share(1 - x - width), cut_top: share(y), cut_bottom: share(1 - y - height) };
}
