/** The shapes that are drawn on a moment, as pipeline/drawings.py has them: places are shares of the upright, whole picture. */

import type { components } from '../../api/schema';
import { SMALLEST_DRAWING } from '../../limits';

/** Times are on the film's clock; null on a still. */
export type Drawing = Required<components['schemas']['Drawing']>;
export type Kind = Drawing['kind'];
export type Colour = Drawing['colour'];
export type End = 1 | 2;

export const KINDS: readonly Kind[] = ['arrow', 'circle', 'spotlight'];
export const COLOURS: Record<Colour, string> = { yellow: '#ffd400', blue: '#7fd4ff', white: '#ffffff' };
const LINE = 0.008;
const HEAD = 6;
const ROWS = ['top', '', 'bottom'];
const COLUMNS = ['left', '', 'right'];

/** In words, by where it leads the eye: `Arrow to the top left`. */
export function nameOf({ kind, x1, y1, x2, y2 }: Drawing): string {
  const arrow = kind === 'arrow';
  const third = (share: number): number => Math.min(2, Math.floor(share * 3));
  const [row, column] = [ROWS[third(arrow ? y2 : (y1 + y2) / 2)], COLUMNS[third(arrow ? x2 : (x1 + x2) / 2)]];
  const lies = arrow ? 'to' : row ? 'at' : column ? 'on' : 'in';
  return `${capital(kind)} ${lies} the ${[row, column].filter(Boolean).join(' ') || 'middle'}`;
}

export const capital = (word: string): string => word.replace(/^./, (letter) => letter.toUpperCase());

/** How wide a line is on a picture of that many pixels. */
export const linePx = (width: number, height: number): number => LINE * Math.hypot(width, height);

/** An SVG path of a shape in a picture of that many pixels: closed and to be filled for an arrow. */
export function outline(drawing: Drawing, width: number, height: number): string {
  const [x1, y1, x2, y2] = [drawing.x1 * width, drawing.y1 * height, drawing.x2 * width, drawing.y2 * height];
  const at = (x: number, y: number): string => `${x.toFixed(1)} ${y.toFixed(1)}`;
  if (drawing.kind !== 'arrow') {
    const half = `A${at(Math.abs(x2 - x1) / 2, Math.abs(y2 - y1) / 2)} 0 1 1`;
    const [left, right, middle] = [Math.min(x1, x2), Math.max(x1, x2), (y1 + y2) / 2];
    return `M${at(left, middle)}${half} ${at(right, middle)}${half} ${at(left, middle)}Z`;
  }
  const length = Math.hypot(x2 - x1, y2 - y1);
  const [across, down] = [(x2 - x1) / length, (y2 - y1) / length];
  const line = linePx(width, height);
  const head = Math.min(HEAD * line, 0.6 * length);
  const [side, half] = [0.55 * head, Math.min(0.75 * line, 0.2 * head)];
  const corners = [[length, half], [head, half], [head, side], [0, 0], [head, -side], [head, -half], [length, -half]] as const;
  return `M${corners.map(([back, out]) => at(x2 - back * across - out * down, y2 - back * down + out * across)).join('L')}Z`;
}

const inside = (share: number): number => Math.round(Math.min(1, Math.max(0, share)) * 10_000) / 10_000;

/** Moved by so much of the picture, as far as it stays on it. */
export function moved(drawing: Drawing, right: number, down: number): Drawing {
  const room = (by: number, one: number, other: number): number => Math.max(-Math.min(one, other), Math.min(by, 1 - Math.max(one, other)));
  const [x, y] = [room(right, drawing.x1, drawing.x2), room(down, drawing.y1, drawing.y2)];
  return { ...drawing, x1: inside(drawing.x1 + x), x2: inside(drawing.x2 + x), y1: inside(drawing.y1 + y), y2: inside(drawing.y2 + y) };
}

/** With one end in another place; as it was where it would be too small to be seen. */
export function withEnd(drawing: Drawing, end: End, x: number, y: number): Drawing {
  const next = end === 1 ? { ...drawing, x1: inside(x), y1: inside(y) } : { ...drawing, x2: inside(x), y2: inside(y) };
  return isLargeEnough(next) ? next : drawing;
}

/** Whether it can be seen; a smaller one is refused by the service. */
export function isLargeEnough({ kind, x1, y1, x2, y2 }: Drawing): boolean {
  const [across, down] = [Math.abs(x2 - x1), Math.abs(y2 - y1)];
  return (kind === 'arrow' ? Math.max(across, down) : Math.min(across, down)) >= SMALLEST_DRAWING;
}

/** Whether it shows on a picture whose middle is at that time. */
export const isOn = (drawing: Drawing, atMs: number): boolean => drawing.in === null || drawing.out === null || (drawing.in <= atMs && atMs < drawing.out);
