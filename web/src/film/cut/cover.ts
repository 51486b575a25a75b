/** What is covered on each picture of a moment between the boxes that were drawn, and the covers themselves. */

import type { Size } from '../read/look';
import type { Box, CoverMark } from '../types';

/** What is covered on a picture; `doubt`: why that was not said for it, a sentence; empty where it was. */
export interface Cover {
  readonly covers: CoverMark['covers'];
  readonly box: Box | null;
  readonly doubt: string;
}

/** The service's (pipeline/cut/masking.py): whole cells, which are the blocks of the colours too, in one calm grey. */
const CELL_PX = 8;
export const GREY = 0x5b;
const GREY_LUMA = Math.round(16 + (GREY * 219) / 255);
const GREY_CHROMA = 128;

/** Shares of the picture by which a box grows on each side in a second away from where it was drawn. */
const GROWS_PER_S = 0.06;
const GROWS_PER_S_AT_AN_END = 0.3;
/** Of the way between two boxes, in its middle: nobody goes quite straight. */
const GROWS_WITH_WAY = 0.25;
/** Further away from a box than this nothing is known, and all of the picture is covered. */
const KNOWN_MS = 2000;
const KNOWN_AT_AN_END_MS = 500;
const KNOWN_OF_ONE_MS = 10_000;
const DOUBT_MS = 1000;

const WHOLE: Cover = { covers: 'whole', box: null, doubt: '' };
const FAR = 'No box is near here.';
const COMES_OR_GOES = 'They come or go about here.';

/** What is covered on the picture shown at `atMs`; `marks` in the order of their times. */
export function coverAt(marks: readonly CoverMark[], atMs: number): Cover {
  const before = marks.findLast(({ at }) => at <= atMs);
  const after = marks.find(({ at }) => at >= atMs);
  if (before && before.at === atMs) return { covers: before.covers, box: before.box, doubt: '' };
  if (!before || !after) return beyond(before ?? after, atMs, marks.length === 1);
  if (before.covers === 'whole' || after.covers === 'whole') return WHOLE;
  if (!before.box || !after.box) return before.box || after.box ? beyond(before.box ? before : after, atMs, false, COMES_OR_GOES) : { covers: 'nobody', box: null, doubt: '' };
  const awayMs = Math.min(atMs - before.at, after.at - atMs);
  if (awayMs > KNOWN_MS) return { ...WHOLE, doubt: FAR };
  const share = (atMs - before.at) / (after.at - before.at);
  const between = (key: keyof Box): number => before.box![key] + share * (after.box![key] - before.box![key]);
  const box = { x: between('x'), y: between('y'), width: between('width'), height: between('height') };
  const middle = ({ x, y, width, height }: Box): [number, number] => [x + width / 2, y + height / 2];
  const [[x, y], [toX, toY]] = [middle(before.box), middle(after.box)];
  const bend = GROWS_WITH_WAY * 4 * share * (1 - share);
  const byTime = (GROWS_PER_S * awayMs) / 1000;
  const grown = grow(box, byTime + bend * Math.abs(toX - x), byTime + bend * Math.abs(toY - y));
  return { covers: 'box', box: grown, doubt: awayMs > DOUBT_MS ? FAR : '' };
}

/** Before the first mark, behind the last, and towards one that says that nobody is there. */
function beyond(mark: CoverMark | undefined, atMs: number, isOnly: boolean, why = FAR): Cover {
  if (!mark) return { ...WHOLE, doubt: FAR };
  if (!mark.box) return { covers: mark.covers, box: null, doubt: '' };
  const awayMs = Math.abs(atMs - mark.at);
  if (awayMs > (isOnly ? KNOWN_OF_ONE_MS : KNOWN_AT_AN_END_MS)) return { ...WHOLE, doubt: why };
  const by = ((isOnly ? GROWS_PER_S : GROWS_PER_S_AT_AN_END) * awayMs) / 1000;
  return { covers: 'box', box: grow(mark.box, by, by), doubt: awayMs > DOUBT_MS ? why : '' };
}

function grow({ x, y, width, height }: Box, across: number, down: number): Box {
  const [left, top] = [Math.max(0, x - across), Math.max(0, y - down)];
  return { x: left, y: top, width: Math.min(1, x + width + across) - left, height: Math.min(1, y + height + down) - top };
}

interface Rect extends Size {
  readonly x: number;
  readonly y: number;
}

/** The cells that are covered, in px of a picture of that size; null where none is. */
export function coveredPx({ covers, box }: Cover, { width, height }: Size): Rect | null {
  if (covers === 'nobody') return null;
  if (covers === 'whole' || !box) return { x: 0, y: 0, width, height };
  const out = (from: number, length: number, px: number): [number, number] => [
    Math.max(0, Math.floor((from * px) / CELL_PX) * CELL_PX),
    Math.min(px, Math.ceil(((from + length) * px) / CELL_PX) * CELL_PX),
  ];
  const [left, right] = out(box.x, box.width, width);
  const [top, bottom] = out(box.y, box.height, height);
  return { x: left, y: top, width: right - left, height: bottom - top };
}

/** Covers part of an I420 picture whose sides are even. */
export function drawCover(planes: Uint8Array, size: Size, cover: Cover): void {
  const rect = coveredPx(cover, size);
  if (!rect) return;
  const half = { width: size.width >> 1, height: size.height >> 1 };
  const [luma, chroma] = [size.width * size.height, half.width * half.height];
  fill(planes.subarray(0, luma), size.width, rect, GREY_LUMA);
  const halved = { x: rect.x >> 1, y: rect.y >> 1, width: (rect.width + 1) >> 1, height: (rect.height + 1) >> 1 };
  fill(planes.subarray(luma, luma + chroma), half.width, halved, GREY_CHROMA);
  fill(planes.subarray(luma + chroma, luma + 2 * chroma), half.width, halved, GREY_CHROMA);
}

function fill(plane: Uint8Array, stride: number, { x, y, width, height }: Rect, value: number): void {
  for (let row = y; row < y + height; row++) plane.fill(value, row * stride + x, row * stride + x + width);
}

/** What encoding may change of a cover; a person behind one that failed differs more. */
const MOST_DIFFERENCE = 40;
/** An encoder smooths over the edge of a cover. */
const EDGE_PX = 2;

/** Whether an RGBX picture as decoded shows the cover, and nothing else, where it has to. */
export function isCovered(rgbx: Uint8Array, size: Size, cover: Cover): boolean {
  const rect = coveredPx(cover, size);
  if (!rect) return true;
  const [left, right] = [rect.x && rect.x + EDGE_PX, rect.x + rect.width - (rect.x + rect.width < size.width ? EDGE_PX : 0)];
  const [top, bottom] = [rect.y && rect.y + EDGE_PX, rect.y + rect.height - (rect.y + rect.height < size.height ? EDGE_PX : 0)];
  for (let y = top; y < bottom; y++) {
    for (let x = left, at = 4 * (y * size.width + left); x < right; x++, at += 4) {
      for (let channel = 0; channel < 3; channel++) if (Math.abs(rgbx[at + channel]! - GREY) > MOST_DIFFERENCE) return false;
    }
  }
  return true;
}
