import { describe, expect, it } from 'vitest';

import { asFile, drawFilm } from '../../testing/films';
import { bytesOf } from './bytes';
import { lookAtTransport } from './transport';
import { TransportSounds } from './transportSounds';

const H264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-bf', '2', '-g', '30'];
const look = (file: Blob): ReturnType<typeof lookAtTransport> => lookAtTransport(bytesOf(file), file.size);
const startsAnew = async (file: Blob): Promise<boolean | undefined> => (await look(file))?.clockStartsAnew;

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

describe('a stream that does not say when its pictures are decoded', () => {
  const UNSTATED = ['-c:v', 'libx264', '-preset', 'ultrafast', '-bf', '0', '-g', '30'];
  const short = asFile(drawFilm('a.ts', [...UNSTATED, '-t', '1.5']));

  it('starts anew where a second one was joined on, however short', async () => {
    expect([await startsAnew(short), await startsAnew(new Blob([short, short]))]).toEqual([false, true]);
  });
});

describe('the sound of a stream', () => {
  const CAMCORDER = ['-mpegts_m2ts_mode', '1'];
  const soundIds = async (...options: string[]): Promise<readonly number[] | undefined> =>
    (await look(asFile(drawFilm('a.ts', [...H264, ...options]))))?.soundIds;

  it.each([
    ['AAC', ['-c:a', 'aac']],
    ['AC-3', ['-c:a', 'ac3', '-b:a', '192k']],
    ['MPEG audio', ['-c:a', 'mp2']],
    ['Opus, which has no type of its own', ['-c:a', 'libopus', '-ar', '48000']],
    ["a camcorder's AC-3", [...CAMCORDER, '-c:a', 'ac3']],
    ["a camcorder's AAC, which has no type of its own", [...CAMCORDER, '-c:a', 'aac']],
    ["a camcorder's PCM", [...CAMCORDER, '-c:a', 'pcm_bluray', '-ar', '48000']],
    ['AAC in its other wrapping', ['-c:a', 'aac', '-mpegts_flags', 'latm']],
  ])('is found: %s', async (_, options) => {
    expect(await soundIds(...options)).toHaveLength(1);
  });

  it('is found where a broadcast carries bytes for its repair', async () => {
    const plain = new Uint8Array(await asFile(drawFilm('a.ts', [...H264, '-c:a', 'aac'])).arrayBuffer());
    const repairable = Array.from({ length: plain.length / 188 }, (_, at) => [plain.slice(at * 188, (at + 1) * 188), new Uint8Array(16)]);
    const seen = await look(new Blob(repairable.flat()));
    expect([seen?.clockStartsAnew, seen?.soundIds.length]).toEqual([false, 1]);
    expect(await startsAnew(new Blob([...repairable.flat(), ...repairable.flat()]))).toBe(true);
  });

  it('is found of each track', async () => {
    expect(await soundIds('-map', '0:v', '-map', '1:a', '-map', '1:a', '-c:a:0', 'aac', '-c:a:1', 'libopus', '-ar', '48000')).toHaveLength(2);
  });

  it('is not there where there is none', async () => {
    expect(await soundIds('-an')).toEqual([]);
  });

  it.each([
    ['subtitles', 0x59, false],
    ['teletext', 0x56, false],
    ['a sound of a kind of its own', 0x7f, true],
  ])('is told from what is stored likewise: %s', (_, descriptor, isSound) => {
    const sounds = new TransportSounds();
    const map = [2, 0xb0, 20, 0, 1, 0xc1, 0, 0, 0xe1, 0x20, 0xf0, 0, 6, 0xe1, 0x21, 0xf0, 2, descriptor, 0, 0, 0, 0, 0];
    sounds.add(packet(0x1000, [0, ...map]));
    sounds.add(packet(0x121, [0, 0, 1, 0xbd]));
    sounds.add(packet(0x122, [0, 0, 1, 0xc0]));
    expect(sounds.ids).toEqual(isSound ? [0x121] : []);
  });
});

function packet(id: number, payload: number[]): Uint8Array {
  const bytes = new Uint8Array(188).fill(0xff);
  bytes.set([0x47, 0x40 | (id >> 8), id & 0xff, 0x10, ...payload]);
  return bytes;
}

describe('another film', () => {
  it('has no such clock', async () => {
    expect(await look(asFile(drawFilm('a.mp4', H264)))).toBeNull();
    expect(await look(new Blob(['too short']))).toBeNull();
  });
});
