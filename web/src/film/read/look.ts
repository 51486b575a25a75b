/** What the first picture of a film is like once decoded; readers' own arithmetic is not believed. */

import type { VideoSample } from 'mediabunny';

import { decodeHere, isDecodedHere } from '../hevc/decoder';
import { decodeAt } from './decode';
import { decodeEntryPoint } from './frames';
import { mayBeInterlaced } from './h264Parameters';
import { unitsIn } from './nalUnits';
import type { FilmSource } from './source';

export interface Size {
  readonly width: number;
  readonly height: number;
}

/**
 * The size of a decoded picture in square pixels, as stored (not turned).
 *
 * A decoder gives every picture the shape that the film's head tells of; where a phone was turned, or a call's line grew
 * worse, that is not the picture's own.
 */
export async function squareSize(film: FilmSource, sample: VideoSample): Promise<Size> {
  const { width, height } = sample.visibleRect;
  const { video } = film;
  if (width === (await video.getCodedWidth()) && height === (await video.getCodedHeight())) {
    return { width: await video.getSquarePixelWidth(), height: await video.getSquarePixelHeight() };
  }
  const { num, den } = await video.getPixelAspectRatio();
  return num >= den ? { width: Math.round((width * num) / den), height } : { width, height: Math.round((height * den) / num) };
}

/** How a picture of that size, as stored, stands upright. */
export function upright({ width, height }: Size, rotation: number): Size {
  return rotation % 180 === 0 ? { width, height } : { width: height, height: width };
}

const looks = new WeakMap<FilmSource, Promise<Size | null>>();

/** The first picture's size in square pixels, as stored; null where this browser cannot decode it. */
export function lookAtFirst(film: FilmSource): Promise<Size | null> {
  const known = looks.get(film) ?? look(film);
  looks.set(film, known);
  return known;
}

async function look(film: FilmSource): Promise<Size | null> {
  if (film.wholeOnly === 'film_of_two' || !(await film.video.canDecode())) return null;
  const found = await decodeFirst(film);
  if (found || (await isDecodedHere(film.video))) return found;
  // Some browsers name HEVC among what they decode, and have nothing to do it with.
  await decodeHere(film.video);
  return (await isDecodedHere(film.video)) ? decodeFirst(film) : null;
}

async function decodeFirst(film: FilmSource): Promise<Size | null> {
  try {
    const sample = await decodeAt(film, film.clock.zeroTicks);
    if (!sample) return null;
    const found = await squareSize(film, sample);
    sample.close();
    return found;
  } catch {
    // Whatever the decoder says, its pictures cannot be had here.
    return null;
  }
}

/** Whether its pictures may be two half pictures woven together, which must not be made smaller as they are. */
export async function isInterlaced(film: FilmSource): Promise<boolean> {
  if (film.nalUnits?.codec !== 'avc') return false;
  const description = (await film.video.getDecoderConfig())?.description;
  if (description) {
    const record = ArrayBuffer.isView(description)
      ? new Uint8Array(description.buffer, description.byteOffset, description.byteLength)
      : new Uint8Array(description);
    // One set after the six bytes of the record's head and two of its length (ISO/IEC 14496-15, 5.3.3.1).
    return mayBeInterlaced(record.subarray(8));
  }
  const entry = await decodeEntryPoint(film, film.pieces[0]!.storedFrom);
  for (const unit of unitsIn(entry.data, film.nalUnits.lengthBytes)) if ((unit[0]! & 0x1f) === 7) return mayBeInterlaced(unit);
  return false;
}
