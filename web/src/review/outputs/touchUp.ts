/** CSS that previews a straightened and cropped still; the same arithmetic as the service's. */

import type { Recipe } from './recipeSchema';

/** `cut` is for a box around the picture, `turn` for the picture; `ratio` is its longer side over its shorter one. */
export function touchUpStyles(choice: Recipe, ratio = 16 / 9): { cut: string; turn: string } {
  const per = (name: string): number => Number(choice[name] ?? 0) || 0;
  const degrees = per('straighten_deg');
  const angle = (Math.abs(degrees) * Math.PI) / 180;
  const scale = ratio * Math.sin(angle) + Math.cos(angle);
  const sides = ['cut_top', 'cut_right', 'cut_bottom', 'cut_left'].map((name) => `${per(name)}%`);
  return { cut: `overflow: hidden; clip-path: inset(${sides.join(' ')})`, turn: degrees ? `rotate: ${degrees}deg; scale: ${scale.toFixed(4)}` : '' };
}
