import { BufferTarget, type Target } from 'mediabunny';
import { afterEach, describe, expect, it } from 'vitest';

import { asFile, drawFilm } from '../../testing/films';
import { copyMoment } from './lossless';
import { findCutSpan, toCutClock } from './span';
import { verifyCut } from './verify';
import type { CutTimes, Moment } from '../types';
import { findEndTicks, frameTickAt, frameTicksBetween } from '../read/frames';
import { openSource, type FilmSource } from '../read/source';

const H264 = ['-c:v', 'libx264', '-preset', 'ultrafast'];
const FILMS: readonly [string, string, string[], string[]?][] = [
  ['one second GOPs with B-frames', 'a.mp4', [...H264, '-bf', '2', '-g', '30']],
  ['one key frame', 'a.mp4', [...H264, '-g', '999']],
  ['open GOPs', 'a.mp4', ['-c:v', 'libx264', '-bf', '3', '-g', '24', '-x264-params', 'open-gop=1:b-pyramid=2']],
  ['fragments', 'a.mp4', [...H264, '-g', '30', '-movflags', 'frag_keyframe+empty_moov+default_base_moof']],
  ['an edit list', 'a.mp4', [...H264, '-bf', '2', '-g', '30'], ['-ss', '1.34', '-i', 'FILM', '-c', 'copy']],
  ['WebM without cues', 'a.webm', ['-c:v', 'libvpx', '-deadline', 'realtime', '-g', '60', '-c:a', 'libopus', '-live', '1']],
  ['uncompressed sound', 'a.mov', [...H264, '-g', '30', '-c:a', 'pcm_s16le']],
];
const MOMENTS: readonly Moment[] = [
  { kind: 'clip', inMs: 0, outMs: 500 },
  { kind: 'clip', inMs: 1234, outMs: 2345 },
  { kind: 'clip', inMs: 1001, outMs: 1802 },
  { kind: 'still', atMs: 1517 },
  { kind: 'still', atMs: 1517, exact: false },
];

const opened: FilmSource[] = [];
afterEach(() => {
  for (const film of opened.splice(0)) film.input.dispose();
});

async function open(file: Blob): Promise<FilmSource> {
  const film = await openSource(file);
  opened.push(film);
  return film;
}

/** The moment copied to `target`; null where it cannot be copied alone. */
async function copy(film: FilmSource, moment: Moment, target: Target, signal = new AbortController().signal) {
  const wanted = await findCutSpan(film, moment);
  const { copied } = wanted;
  return copied && { wanted, ...(await copyMoment(film, moment, { ...wanted, copied }, target, () => undefined, signal)) };
}

/** The times of the moment's pictures, measured from the first of them, in the film and in its cut. */
async function cutAndCompare(film: FilmSource, moment: Moment): Promise<{ cut: CutTimes; film: number[]; made: number[] } | null> {
  const target = new BufferTarget();
  const written = await copy(film, moment, target);
  if (!written) return null;
  const file = new Blob([target.buffer!]);
  const cut = toCutClock(film, moment, written.wanted, written.ticks, (await verifyCut(file, written.ticks.length)).cutMs);
  const small = await open(file);
  const fromFirst = (source: FilmSource, ticks: number[]): number[] =>
    ticks.map((at) => Math.round(source.clock.exactMsAt(at) - source.clock.exactMsAt(ticks[0]!)));
  if ('at' in cut) {
    const ticks = [await frameTickAt(small, cut.at)];
    return { cut, film: [0], made: fromFirst(small, ticks) };
  }
  if (moment.kind === 'still') throw new Error('a still became a clip');
  const inFilm = await frameTicksBetween(film, film.clock.ticksAt(moment.inMs), film.clock.ticksAt(moment.outMs));
  const inCut = await frameTicksBetween(small, small.clock.ticksAt(cut.in), small.clock.ticksAt(cut.out));
  return { cut, film: fromFirst(film, inFilm), made: fromFirst(small, inCut) };
}

describe.each(FILMS)('a film with %s', (kind, name, options, after) => {
  const path = drawFilm(name, options, after);

  it.each(MOMENTS)('keeps the pictures of %o', async (moment) => {
    const compared = await cutAndCompare(await open(asFile(path)), moment);
    // 0.34 s of the first group were cut away, so what leans on them is not copied.
    const leans = kind === 'an edit list' && moment.kind === 'clip' && moment.inMs === 0;
    expect(compared === null).toBe(leans);
    if (!compared) return;
    const { cut, film, made } = compared;
    expect(made).toEqual(film);
    if ('in' in cut && moment.kind === 'clip') {
      expect(Math.abs(cut.out - cut.in - (moment.outMs - moment.inMs))).toBeLessThanOrEqual(1);
    }
  });

  it('is as long as its pictures', async () => {
    const film = await open(asFile(path));
    const last = film.clock.exactMsAt((await frameTicksBetween(film, 0, Number.MAX_SAFE_INTEGER)).at(-1)!);
    expect(film.clock.exactMsAt(await findEndTicks(film)) - last).toBeCloseTo(1000 / 30, -1);
  });
});

describe('a moment', () => {
  const path = drawFilm('a.mp4', [...H264, '-g', '30']);

  it.each([
    ['moment_outside_film', { kind: 'clip', inMs: 60_000, outMs: 61_000 }],
    ['moment_empty', { kind: 'clip', inMs: 1001, outMs: 1002 }],
    ['moment_empty', { kind: 'clip', inMs: 1500, outMs: 1500 }],
  ] as const)('is refused as %s where it holds no picture', async (code, moment) => {
    await expect(cutAndCompare(await open(asFile(path)), moment)).rejects.toMatchObject({ code });
  });

  it('stops when told so', async () => {
    const film = await open(asFile(path));
    const moment = { kind: 'clip', inMs: 0, outMs: 3000 } as const;
    const stopped = copy(film, moment, new BufferTarget(), AbortSignal.abort());
    await expect(stopped).rejects.toMatchObject({ name: 'AbortError' });
  });

  it.each([
    ['a little on both sides', '30', { kind: 'clip', inMs: 2000, outMs: 2500 }, [1000, 3500]],
    ['nothing before it where key frames are far apart', '90', { kind: 'clip', inMs: 3100, outMs: 3400 }, [3000, 4000]],
    ['its neighbours, if it is a still', '30', { kind: 'still', atMs: 1500 }, [1000, 1901]],
  ] as const)('carries %s and no more', async (_, apart, moment, [fromMs, toMs]) => {
    const film = await open(asFile(drawFilm('a.mp4', [...H264, '-g', apart, '-keyint_min', apart])));
    const target = new BufferTarget();
    const { ticks } = (await copy(film, moment, target))!;
    expect(ticks).toEqual(await frameTicksBetween(film, film.clock.ticksAt(fromMs), film.clock.ticksAt(toMs)));
  });

  it('has no gap at its end, where pictures are stored in another order than shown', async () => {
    const film = await open(asFile(drawFilm('a.mp4', ['-c:v', 'libx264', '-bf', '3', '-g', '24', '-x264-params', 'b-pyramid=2'])));
    for (const outMs of [1000, 1034, 1067, 1100, 1134]) {
      const moment = { kind: 'clip', inMs: 500, outMs } as const;
      const { ticks } = (await copy(film, moment, new BufferTarget()))!;
      expect(ticks).toEqual(await frameTicksBetween(film, ticks[0]!, ticks.at(-1)! + 1));
    }
  });
});
