import { describe, expect, it } from 'vitest';

import { asFile, drawFilm } from '../../testing/films';
import { bytesOf } from './bytes';
import { clockStartsAnew } from './transport';

const H264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-bf', '2', '-g', '30'];
const startsAnew = (file: Blob): Promise<boolean> => clockStartsAnew(bytesOf(file), file.size);

describe.each([
  ['a broadcast stream', []],
  ["a camcorder's stream", ['-mpegts_m2ts_mode', '1']],
])('the clock of %s', (_, options) => {
  const film = asFile(drawFilm('a.ts', [...H264, ...options]));

  it('goes through', async () => {
    expect(await startsAnew(film)).toBe(false);
  });

  it('goes through a longer film', async () => {
    expect(await startsAnew(asFile(drawFilm('a.ts', [...H264, ...options, '-crf', '1'])))).toBe(false);
  });

  it('starts anew where a second one was joined on', async () => {
    expect(await startsAnew(new Blob([film, film]))).toBe(true);
  });

  it('starts anew where it wraps', async () => {
    expect(await startsAnew(asFile(drawFilm('a.ts', [...H264, ...options, '-output_ts_offset', '95441'])))).toBe(true);
  });
});

describe('another film', () => {
  it('has no such clock', async () => {
    expect(await startsAnew(asFile(drawFilm('a.mp4', H264)))).toBe(false);
    expect(await startsAnew(new Blob(['too short']))).toBe(false);
  });
});
