import { describe, expect, it } from 'vitest';

import { asFile, drawFilm } from '../../testing/films';
import { isJoined } from './joined';

const H264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-g', '30'];
const VP8 = ['-c:v', 'libvpx', '-deadline', 'realtime', '-cpu-used', '8', '-threads', '1', '-c:a', 'libopus'];
const FRAGMENTS = ['-movflags', 'frag_keyframe+empty_moov+default_base_moof'];

describe('a second film behind the first', () => {
  it.each([
    ['in fragments', 'a.mp4', [...H264, ...FRAGMENTS]],
    ['of an MP4', 'a.mp4', H264],
    ['whose index comes first', 'a.mov', [...H264, '-movflags', '+faststart']],
    ['of a Matroska', 'a.mkv', H264],
    ["of a browser's recording, which does not say how long its parts are", 'a.webm', [...VP8, '-live', '1']],
    ['of a Flash film', 'a.flv', [...H264, '-ar', '44100']],
  ])('is found: %s', async (_, name, options) => {
    const [one, other] = [asFile(drawFilm(name, options)), asFile(drawFilm(name, [...options, '-t', '2']))];
    expect(await isJoined(one)).toBe(false);
    expect(await isJoined(new Blob([one, other]))).toBe(true);
    expect(await isJoined(new Blob([one, new Uint8Array(3000)]))).toBe(false);
  });

  it('is found where it is of another size, or of another kind', async () => {
    const film = asFile(drawFilm('a.mp4', [...H264, ...FRAGMENTS]));
    const [wide, plain] = [[...H264, ...FRAGMENTS, '-s', '320x240'], H264].map((options) => asFile(drawFilm('b.mp4', options)));
    for (const other of [wide!, plain!]) expect(await isJoined(new Blob([film, other]))).toBe(true);
  });

  it('is none where the same head comes once more and the clocks go on', async () => {
    const film = new Uint8Array(await asFile(drawFilm('a.mp4', [...H264, ...FRAGMENTS])).arrayBuffer());
    const fragments = [...film.keys()].filter((at) => String.fromCharCode(...film.subarray(at + 4, at + 8)) === 'moof');
    const [head, half] = [film.slice(0, fragments[0]), fragments[2]!];
    expect(await isJoined(new Blob([film.slice(0, half), head, film.slice(half)]))).toBe(false);
    expect(await isJoined(new Blob([film, head, film.slice(fragments[0])]))).toBe(true);
  });
});

it('is not looked for in what is no film', async () => {
  for (const bytes of [new Uint8Array(), new Uint8Array([0x1a, 0x45, 0xdf, 0xa3]), new TextEncoder().encode('FLV'), new Uint8Array(500)])
    expect(await isJoined(new Blob([bytes]))).toBe(false);
});
