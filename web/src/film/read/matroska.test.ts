import { describe, expect, it } from 'vitest';

import { asFile, drawFilm } from '../../testing/films';
import { codecDelay } from './matroska';

const VP8 = ['-c:v', 'libvpx', '-deadline', 'realtime'];

describe('the delay that a Matroska track tells of', () => {
  it('is the 6.5 ms that an Opus encoder adds', async () => {
    const film = asFile(drawFilm('a.webm', [...VP8, '-c:a', 'libopus']));
    expect(await codecDelay(film, 2)).toBeCloseTo(0.0065, 6);
    expect(await codecDelay(film, 1)).toBe(0);
  });

  it('is found in a film of unknown length', async () => {
    expect(await codecDelay(asFile(drawFilm('a.webm', [...VP8, '-c:a', 'libopus', '-live', '1'])), 2)).toBeGreaterThan(0);
  });

  it.each([
    ['an empty file', new Blob()],
    ['something else', new Blob([new Uint8Array(4000).fill(7)])],
    ['a film that ends in its head', new Blob([new Uint8Array([0x1a, 0x45, 0xdf, 0xa3, 0x84, 1, 2])])],
  ])('is 0 in %s', async (_, file) => {
    expect(await codecDelay(file, 1)).toBe(0);
  });
});
