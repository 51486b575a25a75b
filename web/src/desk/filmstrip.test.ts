import { describe, expect, it, vi } from 'vitest';

import { Filmstrip, tilesOf } from './filmstrip';

/** A bitmap that remembers which time it shows and whether it was freed. */
interface Drawn extends ImageBitmap {
  readonly shows: number;
  isFreed: boolean;
}

function drawn(shows: number): Drawn {
  const picture = { shows, isFreed: false, width: 16, height: 9, close: () => void (picture.isFreed = true) };
  return picture;
}

const MINUTE_MS = 60_000;

describe('tiles', () => {
  it('cover what is in view, and stay where they are when the view moves', () => {
    const tiles = tilesOf(0, MINUTE_MS, MINUTE_MS, 900, 100);
    expect(tiles).toHaveLength(9);
    expect(tiles.at(-1)?.toMs).toBeCloseTo(MINUTE_MS, 6);
    const moved = tilesOf(1500, 9000, MINUTE_MS, 900, 100);
    expect(moved.map(({ fromMs }) => fromMs)).toEqual([1000, 2000, 3000, 4000, 5000, 6000, 7000, 8000, 9000, 10_000]);
    expect(tilesOf(2500, 9000, MINUTE_MS, 900, 100)[0]).toEqual(moved[1]);
  });

  it('end with the film', () => {
    expect(tilesOf(55_000, 9000, MINUTE_MS, 900, 100).at(-1)).toMatchObject({ fromMs: 59_000, toMs: MINUTE_MS });
  });
});

describe('a filmstrip', () => {
  it('shows no picture of another time than its tile’s', () => {
    const strip = new Filmstrip(() => Promise.reject(new Error('none')), () => undefined);
    const [tile, next] = tilesOf(0, 9000, MINUTE_MS, 900, 100);
    strip.add(1000, drawn(1000));
    expect(strip.at(tile!)).toBeNull();
    expect((strip.at(next!) as Drawn).shows).toBe(1000);
    strip.add(1600, drawn(1600));
    expect((strip.at(next!) as Drawn).shows).toBe(1600);
  });

  it('fetches the pictures that are missing from the middle of the view on, each of the middle of its tile, and frees them', async () => {
    const fetched: Drawn[] = [];
    const told = vi.fn();
    const strip = new Filmstrip((atMs) => {
      fetched.push(drawn(atMs));
      return Promise.resolve(fetched.at(-1)!);
    }, told);
    const tiles = tilesOf(0, 4000, MINUTE_MS, 400, 100);
    strip.add(1000, drawn(1000));
    strip.want(tiles);
    await expect.poll(() => told.mock.calls.length).toBe(3);
    expect(tiles.map((tile) => (strip.at(tile) as Drawn).shows)).toEqual([500, 1000, 2500, 3500]);
    expect(fetched[0]?.shows).toBe(2500);
    strip.want(tilesOf(0, 2000, MINUTE_MS, 400, 100));
    expect(fetched.map(({ isFreed }) => isFreed)).toEqual([true, true, true]);
    strip.close();
  });

  it('asks for a picture that cannot be had once', async () => {
    const fetchPicture = vi.fn(() => Promise.reject(new Error('not decoded')));
    const told = vi.fn();
    const strip = new Filmstrip(fetchPicture, told);
    const tiles = tilesOf(0, 2000, MINUTE_MS, 200, 100);
    strip.want(tiles);
    await expect.poll(() => told.mock.calls.length).toBe(2);
    strip.want(tiles);
    expect(strip.at(tiles[0]!)).toBeNull();
    await new Promise((soon) => setTimeout(soon, 200));
    expect(fetchPicture).toHaveBeenCalledTimes(2);
    strip.close();
  });
});
