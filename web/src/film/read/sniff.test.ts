import { describe, expect, it } from 'vitest';

import { asFile, drawFilm } from '../../testing/films';
import { openFilmOrRecording } from './audio';

const problemOf = (file: Blob): Promise<unknown> => openFilmOrRecording(file).then(({ input }) => input.dispose(), ({ code }: { code: string }) => code);

describe('a film of a kind that is not opened here can be sent whole', () => {
  it.each([
    ['Ogg with pictures', 'a.ogv', ['-c:v', 'libtheora', '-c:a', 'libvorbis']],
    ['Ogg with pictures alone', 'a.ogv', ['-c:v', 'libtheora', '-an']],
    ['a tape', 'a.dv', ['-target', 'pal-dv', '-t', '0.2']],
    ["an American camera's tape", 'a.dv', ['-target', 'ntsc-dv', '-t', '0.2']],
  ])('%s', async (_, name, options) => {
    expect(await problemOf(asFile(drawFilm(name, options)))).toBe('film_not_opened');
  });

  it('but an Ogg with sound alone is a recording', async () => {
    expect(await problemOf(asFile(drawFilm('a.ogg', ['-vn', '-c:a', 'libvorbis', '-t', '1'])))).toBeUndefined();
  });
});
