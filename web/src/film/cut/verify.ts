/** A finished cut read again, as the service will read it. */

import { VideoSampleSink } from 'mediabunny';

import { isDecodedHere } from '../hevc/decoder';
import { FilmProblem } from '../problem';
import { decodeAt } from '../read/decode';
import { beginsOpen, findEndTicks } from '../read/frames';
import { lookAtFirst, squareSize, upright, type Size } from '../read/look';
import { openSource, type FilmSource } from '../read/source';
import type { FileBytes } from '../types';
import { isCovered, type Cover } from './cover';
import { colorsByRule, toBt709, turnPlane } from './finishing';

const CELLS = 16;
const PLANES = ['I420', 'I420A', 'I422', 'I444', 'NV12'];
const SAME_SHAPE = 0.04;
/** On average, of 255: decoders agree to 1, re-encoding and other guesses at colours stay below 12. */
const MOST_DIFFERENCE = { lossless: 4, light: 16 } as const;

/** What a finished cut turned out to hold. */
export interface ReadBack {
  /** When each of its pictures is shown, in exact milliseconds after its first. */
  readonly cutMs: number[];
  readonly durationMs: number;
}

/** The cut as it is read back. Throws FilmProblem not_cut where it does not hold so many pictures. */
export async function verifyCut(cut: FileBytes, pictures: number): Promise<ReadBack> {
  const film = await openSource(cut);
  try {
    const ticks = await readTicks(film);
    if (ticks.length !== pictures) throw new FilmProblem('not_cut', `${ticks.length} of ${pictures} pictures written`);
    const durationMs = Math.max(1, film.clock.msAt(await findEndTicks(film)));
    return { cutMs: ticks.map((at) => film.clock.exactMsAt(at)), durationMs };
  } finally {
    film.input.dispose();
  }
}

/** Decodes every picture of a cut and looks whether it shows its cover. Throws FilmProblem not_covered. */
export async function verifyCovers(cut: FileBytes, covers: readonly Cover[]): Promise<void> {
  const film = await openSource(cut);
  try {
    let number = 0;
    for await (const sample of new VideoSampleSink(film.video).samples()) {
      const cover = covers[number];
      const { width, height } = sample.visibleRect;
      const rgbx = new Uint8Array(sample.allocationSize({ format: 'RGBX', colorSpace: 'srgb' }));
      await sample.copyTo(rgbx, { format: 'RGBX', colorSpace: 'srgb' });
      sample.close();
      if (!cover || !isCovered(rgbx, { width, height }, cover)) throw new FilmProblem('not_covered', `picture ${number}`);
      number += 1;
    }
    if (number !== covers.length) throw new FilmProblem('not_covered', `${number} of ${covers.length} pictures decoded`);
  } finally {
    film.input.dispose();
  }
}

async function readTicks(film: FilmSource): Promise<number[]> {
  const seen = new Set<number>();
  for await (const packet of film.pictures.packets(undefined, undefined, { metadataOnly: true })) {
    seen.add(film.clock.ticks(packet.timestamp));
  }
  return [...seen].sort((a, b) => a - b);
}

/**
 * Decodes the first, the middle and the last picture of a moment from its cut, with the cut's own header, and compares
 * them with the film's: `ticks` are the film's, `written` all that the cut holds. Where this browser cannot decode the
 * film, nothing is compared. Throws FilmProblem not_cut_differs.
 */
export async function compareWithFilm(
  film: FilmSource,
  cut: FileBytes,
  written: readonly number[],
  moment: { fromTicks: number; toTicks: number },
  mode: keyof typeof MOST_DIFFERENCE,
): Promise<void> {
  // What the page decodes itself, it decodes alike before and after.
  if ((await isDecodedHere(film.video)) || !(await lookAtFirst(film))) return;
  const inside = [...written.keys()].filter((index) => written[index]! >= moment.fromTicks && written[index]! < moment.toTicks);
  // A moment in which no picture begins shows the one before.
  if (!inside.length) inside.push(Math.max(0, written.findLastIndex((ticks) => ticks <= moment.fromTicks)));
  const looked = new Set([inside[0]!, inside[inside.length >> 1]!, inside.at(-1)!]);
  const made = await openSource(cut);
  try {
    // Chromium's decoder begins with a refresh only, though its player, and every other, does with any intra picture.
    if (!(await lookAtFirst(made)) && (await beginsOpen(made))) return;
    const ticks = await readTicks(made);
    for (const index of looked) {
      const [theirs, ours] = [await brightnessAt(film, written[index]!, mode), await brightnessAt(made, ticks[index]!, mode)];
      // One of another shape was fitted with bars.
      if (theirs && ours && Math.abs(ours.shape / theirs.shape - 1) > SAME_SHAPE) continue;
      const difference = theirs && ours ? meanDifference(ours.cells, theirs.cells) : Infinity;
      if (difference > MOST_DIFFERENCE[mode]) throw new FilmProblem('not_cut_differs', `picture ${index} differs by ${difference}`);
    }
  } finally {
    made.input.dispose();
  }
}

/**
 * The brightness of a picture in a grid of cells, and its shape; null where it cannot be decoded. For light cuts, which
 * are finished, upright and as BT.709 tells it.
 */
async function brightnessAt(film: FilmSource, ticks: number, mode: keyof typeof MOST_DIFFERENCE): Promise<{ shape: number; cells: number[] } | null> {
  const sample = await decodeAt(film, ticks).catch(() => null);
  if (!sample) return null;
  // As stored where it can be had, since turning into RGB depends on guesses at colours.
  const stored = PLANES.includes(sample.format ?? '');
  const options = stored ? {} : ({ format: 'RGBX', colorSpace: 'srgb' } as const);
  const bytes = new Uint8Array(sample.allocationSize(options));
  const planes = await sample.copyTo(bytes, options);
  const size = await squareSize(film, sample);
  const { width, height } = sample.visibleRect;
  const colors = (await colorsByRule(film, size)) ?? sample.colorSpace.toJSON();
  const [format, isFinished] = [sample.format ?? '', mode === 'light'];
  sample.close();
  const rotation = isFinished ? await film.video.getRotation() : 0;
  const shown = upright(size, rotation);
  const light = meansOf(bytes, planes[0]!, stored ? 1 : 4, stored ? 0 : 1, { width, height });
  const change = isFinished && stored ? toBt709(colors) : null;
  if (change) {
    const half = { width: format.startsWith('I444') ? width : width >> 1, height: /^I4(22|44)/.test(format) ? height : height >> 1 };
    const [second, step, plane] = format === 'NV12' ? [1, 2, planes[1]!] : [0, 1, planes[2]!];
    const blues = meansOf(bytes, planes[1]!, step, 0, half);
    const reds = meansOf(bytes, plane, step, second, half);
    const [y, b, r, added] = change[0];
    light.forEach((value, at) => (light[at] = y * value + b * blues[at]! + r * reds[at]! + added));
  }
  const turn = { rotation, flip: isFinished && (await film.video.getFlip()) };
  return { shape: shown.width / shown.height, cells: turnPlane(light, { width: CELLS, height: CELLS }, turn) };
}

/** The mean of each cell of a grid over a plane whose values lie `step` bytes apart, the first at `begin`. */
function meansOf(bytes: Uint8Array, plane: PlaneLayout, step: number, begin: number, { width, height }: Size): number[] {
  return Array.from({ length: CELLS * CELLS }, (_, cell) => {
    const [left, right] = [cell % CELLS, (cell % CELLS) + 1].map((n) => Math.floor((n * width) / CELLS));
    const [top, bottom] = [Math.floor(cell / CELLS), Math.floor(cell / CELLS) + 1].map((n) => Math.floor((n * height) / CELLS));
    let sum = 0;
    for (let y = top!; y < bottom!; y++) {
      const row = plane.offset + y * plane.stride + begin;
      for (let x = left!; x < right!; x++) sum += bytes[row + x * step]!;
    }
    return sum / Math.max(1, (right! - left!) * (bottom! - top!));
  });
}

function meanDifference(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, at) => sum + Math.abs(value - b[at]!), 0) / a.length;
}
