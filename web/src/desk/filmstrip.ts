/** The filmstrip: each tile shows a picture of its own time, or none until there is one. */

/** A stretch of the film, `[fromMs, toMs)`, that one picture stands for. */
export interface Tile {
  readonly index: number;
  /** How long a whole tile is: tiles of one width are told apart by their index. */
  readonly tileMs: number;
  readonly fromMs: number;
  readonly toMs: number;
}

const SETTLE_MS = 150;
const MOST_EXACT = 240;

/**
 * The tiles in view, each `tilePx` wide. Where they begin does not depend on where the view does, so that a picture stays
 * with its tile while the view is moved.
 */
export function tilesOf(fromMs: number, spanMs: number, durationMs: number, widthPx: number, tilePx: number): Tile[] {
  const tileMs = (tilePx / Math.max(1, widthPx)) * spanMs;
  const end = Math.min(fromMs + spanMs, durationMs);
  const tiles: Tile[] = [];
  for (let index = Math.floor(fromMs / tileMs); index * tileMs < end - 0.5; index++) {
    tiles.push({ index, tileMs, fromMs: index * tileMs, toMs: Math.min((index + 1) * tileMs, durationMs) });
  }
  return tiles;
}

/** What is looked at lies in the middle of the view. */
function fromTheMiddle(some: readonly Tile[], inView: readonly Tile[]): Tile[] {
  const middle = ((inView[0]?.index ?? 0) + (inView.at(-1)?.index ?? 0)) / 2;
  return [...some].sort((a, b) => Math.abs(a.index - middle) - Math.abs(b.index - middle));
}

const middleOf = ({ fromMs, toMs }: Tile): number => (fromMs + toMs) / 2;

/** Holds the bitmaps of a film; close() frees them. */
export class Filmstrip {
  #keys: { timeMs: number; picture: ImageBitmap }[] = [];
  /** Pictures fetched for tiles of one width; null where there is none to be had. */
  #exact = new Map<number, ImageBitmap | null>();
  #tileMs = 0;
  #wanted: Tile[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #fetching = false;
  #isClosed = false;

  /** `fetchPicture`: the picture on screen at a time. `onPicture`: there is one more to draw. */
  constructor(
    private readonly fetchPicture: (atMs: number) => Promise<ImageBitmap>,
    private readonly onPicture: () => void,
  ) {}

  /** Takes a picture of that very time. */
  add(timeMs: number, picture: ImageBitmap): void {
    const after = this.#keys.findIndex((one) => one.timeMs >= timeMs);
    if (this.#isClosed || (after >= 0 && this.#keys[after]?.timeMs === timeMs)) return picture.close();
    this.#keys.splice(after < 0 ? this.#keys.length : after, 0, { timeMs, picture });
  }

  /** A picture that is shown within the tile's time; null where none is here yet. */
  at(tile: Tile): ImageBitmap | null {
    const middle = middleOf(tile);
    let nearest: { timeMs: number; picture: ImageBitmap } | undefined;
    for (const one of this.#keys) {
      if (one.timeMs < tile.fromMs) continue;
      if (one.timeMs >= tile.toMs) break;
      if (!nearest || Math.abs(one.timeMs - middle) < Math.abs(nearest.timeMs - middle)) nearest = one;
    }
    return nearest?.picture ?? (tile.tileMs === this.#tileMs ? this.#exact.get(tile.index) : null) ?? null;
  }

  /** Fetches pictures for those tiles that have none, once the view stands still; those wanted before are forgotten. */
  want(tiles: readonly Tile[]): void {
    const [first] = tiles;
    if (first && first.tileMs !== this.#tileMs) {
      for (const picture of this.#exact.values()) picture?.close();
      this.#exact.clear();
      this.#tileMs = first.tileMs;
    }
    const missing = tiles.filter((tile) => !this.at(tile) && !this.#exact.has(tile.index));
    this.#wanted = fromTheMiddle(missing, tiles);
    clearTimeout(this.#timer);
    if (this.#wanted.length) this.#timer = setTimeout(() => void this.#fetch(), SETTLE_MS);
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#wanted = [];
    for (const { picture } of this.#keys.splice(0)) picture.close();
    for (const picture of this.#exact.values()) picture?.close();
    this.#exact.clear();
  }

  async #fetch(): Promise<void> {
    if (this.#fetching) return;
    this.#fetching = true;
    for (let tile = this.#wanted.shift(); tile; tile = this.#wanted.shift()) {
      const tileMs = this.#tileMs;
      const picture = await this.fetchPicture(Math.floor(middleOf(tile))).catch(() => null);
      if (this.#isClosed || tileMs !== this.#tileMs) picture?.close();
      else {
        this.#exact.set(tile.index, picture);
        this.#forgetOldest();
        this.onPicture();
      }
    }
    this.#fetching = false;
  }

  #forgetOldest(): void {
    for (const [index, picture] of this.#exact) {
      if (this.#exact.size <= MOST_EXACT) return;
      picture?.close();
      this.#exact.delete(index);
    }
  }
}
