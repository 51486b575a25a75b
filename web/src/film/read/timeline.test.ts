import { describe, expect, it } from 'vitest';

import { asFile, drawFilm } from '../../testing/films';
import { bytesOf } from './bytes';
import { anchorPieces, piecesOf } from './pieces';
import { placeEdits, readTimelines } from './timeline';

const WHOLE = 0x10000;
/** A movie of 1000 ticks a second, a track of 15,360. */
const place = (...edits: [duration: number, mediaTime: number, rate?: number][]) =>
  placeEdits(edits.map(([duration, mediaTime, rate = WHOLE]) => ({ duration, mediaTime, rate })), 1000, 15_360, false);

describe('an edit list', () => {
  it('shows a piece from a media time on', () => {
    expect(place([4000, 31_744])).toEqual({ pieces: [{ fromTicks: 31_744, toTicks: 93_184, atTicks: 0 }], paced: false, demuxerOffset: 31_744 });
  });

  it('may begin with a wait', () => {
    const { pieces, paced, demuxerOffset } = place([500, -1], [1000, 1024]);
    expect(pieces).toEqual([{ fromTicks: 1024, toTicks: 16_384, atTicks: 7680 }]);
    expect([paced, demuxerOffset]).toEqual([false, 1024 - 7680]);
  });

  it('puts pieces one after another, and joins those that follow on', () => {
    const { pieces } = place([1000, 0], [1000, 15_360], [2000, 92_160]);
    expect(pieces).toEqual([
      { fromTicks: 0, toTicks: 30_720, atTicks: 0 },
      { fromTicks: 92_160, toTicks: 122_880, atTicks: 30_720 },
    ]);
  });

  it.each([
    ['a dwell', [[1000, 0], [1000, 15_360, 0]]],
    ['half speed', [[1000, 0, WHOLE / 2]]],
    ['backwards', [[1000, 15_360, -WHOLE]]],
    ['a pause between two pieces', [[1000, 0], [500, -1], [1000, 30_720]]],
  ] as const)('with %s has another pace', (_, edits) => {
    expect(place(...(edits as unknown as [number, number, number?][])).paced).toBe(true);
  });

  it('of a film in fragments that says 0 goes on to the end', () => {
    const { pieces } = placeEdits([{ duration: 0, mediaTime: 1024, rate: WHOLE }], 1000, 15_360, true);
    expect(pieces).toEqual([{ fromTicks: 1024, toTicks: Infinity, atTicks: 0 }]);
  });

  it('begins each piece with its first picture, which keeps its time', () => {
    const { pieces, demuxerOffset } = place([2017, 1000], [1000, 92_160], [500, 200_000]);
    const track = { pieces, demuxerOffset } as Parameters<typeof piecesOf>[0];
    const anchored = anchorPieces(piecesOf(track), [24, 92_160 - 1000 + 100, null]);
    expect(anchored).toEqual([
      { storedFrom: 24, storedTo: Math.round(2.017 * 15_360), shift: 0 },
      { storedFrom: 91_260, storedTo: 92_160 - 1000 + 15_360, shift: Math.round(2.017 * 15_360) - 91_160 },
    ]);
  });
});

describe('the index of a drawn film', () => {
  const h264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-bf', '2', '-g', '30'];

  it.each([
    ['at its end', []],
    ['at its start', ['-movflags', '+faststart']],
    ['in fragments', ['-movflags', 'frag_keyframe+empty_moov+default_base_moof']],
  ])('is read where it stands: %s', async (_, options) => {
    const tracks = await readTimelines(bytesOf(asFile(drawFilm('a.mp4', [...h264, ...options]))));
    expect(tracks?.map(({ kind, id, enabled, descriptions, isProtected }) => [kind, id, enabled, descriptions, isProtected])).toEqual([
      ['vide', 1, true, 1, false],
      ['soun', 2, true, 1, false],
    ]);
    expect(tracks?.every(({ paced }) => !paced)).toBe(true);
  });

  it('is not looked for in other films', async () => {
    expect(await readTimelines(bytesOf(asFile(drawFilm('a.mkv', h264))))).toBeNull();
    expect(await readTimelines(bytesOf(new Blob(['no film at all, and much too short'])))).toBeNull();
  });

  it('is read without reading the film', async () => {
    const file = asFile(drawFilm('a.mp4', ['-c:v', 'mjpeg', '-q:v', '1']));
    let bytes = 0;
    const read = bytesOf(file);
    await readTimelines(async (at, length) => {
      const found = await read(at, length);
      bytes += found.length;
      return found;
    });
    expect(bytes).toBeLessThan(file.size / 100);
  });
});
