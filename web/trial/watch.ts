/** What a guider sees of a film in the browser's player: given to it, and sought in it, as at the desk. */

import { FrameTimes } from '../src/desk/frameTimes';
import { Playback } from '../src/desk/playback.svelte';
import { compareLength, isSameSize, mayBePlayed, type Film } from '../src/film';

const HEIGHT_PX = 120;
const NEAR_MS = 2;
/** A player that shows another picture is waited for as long; one that shows the right one says so at once. */
const LONGEST_WAIT_MS = 15_000;

export interface Watched {
  /** What the page makes of the player's answer: null, it goes on playing. */
  readonly told: 'length' | 'pictures' | null;
  /** What the player shows where a picture is sought, and when the desk then says that it is. */
  readonly shown: readonly Seen[];
  readonly lengthS: number | null;
}

interface Seen {
  readonly index: number;
  readonly atMs: number;
  readonly width: number;
  readonly height: number;
  /** Its brightness, a byte a pixel, in base64. */
  readonly grey: string;
}

/** Null where the player refuses the film, which the desk says. `indices`: of the pictures sought among `times`. */
export async function watch(film: Film, file: File, times: readonly number[], indices: readonly number[]): Promise<Watched | null> {
  const { facts } = film;
  const url = URL.createObjectURL(file);
  const player = document.createElement('video');
  const playback = new Playback(facts.durationMs, new FrameTimes(film), true, facts.holdsHidden);
  let letGo = (): void => undefined;
  try {
    if (!(await mayBePlayed(film, url))) return { told: 'pictures', shown: [], lengthS: null };
    player.muted = true;
    player.preload = 'auto';
    player.addEventListener('error', () => (playback.broken = true));
    letGo = playback.attach(player);
    const answered = new Promise<boolean>((resolve) => {
      player.addEventListener('loadedmetadata', () => resolve(true), { once: true });
      player.addEventListener('error', () => resolve(false), { once: true });
    });
    const begun = presented(player, () => true);
    player.src = url;
    if (!(await answered)) return null;
    const lengthS = Number.isFinite(player.duration) ? player.duration : null;
    const length = compareLength(facts, player.duration);
    if (length === 'otherwise') return { told: 'length', shown: [], lengthS };
    if (length === 'part' || !isSameSize(facts, player.videoWidth, player.videoHeight)) return { told: 'pictures', shown: [], lengthS };
    const zeroMs = await begun;
    if (zeroMs === null) return { told: null, shown: indices.map((index) => ({ index, atMs: -1, ...look(player, film) })), lengthS };
    const shown: Seen[] = [];
    for (const index of indices) {
      const wantedMs = times[index]!;
      if (wantedMs !== playback.atMs) {
        const seen = presented(player, (ms) => Math.abs(ms - zeroMs - wantedMs) <= NEAR_MS);
        await playback.seek(wantedMs);
        await seen;
        if (playback.broken) return { told: 'pictures', shown: [], lengthS };
      }
      shown.push({ index, atMs: playback.atMs, ...look(player, film) });
    }
    return { told: null, shown, lengthS };
  } finally {
    letGo();
    player.removeAttribute('src');
    player.load();
    URL.revokeObjectURL(url);
  }
}

/** The media time of the next picture presented that is one `wanted`; null where none comes. */
function presented(player: HTMLVideoElement, wanted: (mediaMs: number) => boolean): Promise<number | null> {
  return new Promise((resolve) => {
    const look = (_now: number, { mediaTime }: VideoFrameCallbackMetadata): void => {
      if (wanted(mediaTime * 1000) && !player.seeking) resolve(mediaTime * 1000);
      else player.requestVideoFrameCallback(look);
    };
    player.requestVideoFrameCallback(look);
    player.addEventListener('error', () => resolve(null), { once: true });
    setTimeout(() => resolve(null), LONGEST_WAIT_MS);
  });
}

function look(player: HTMLVideoElement, { facts }: Film): Pick<Seen, 'width' | 'height' | 'grey'> {
  const [width, height] = [Math.max(1, Math.round((HEIGHT_PX * facts.widthPx) / facts.heightPx)), HEIGHT_PX];
  const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true })!;
  context.imageSmoothingQuality = 'high';
  context.drawImage(player, 0, 0, width, height);
  const { data } = context.getImageData(0, 0, width, height);
  const grey = Uint8Array.from({ length: width * height }, (_, n) => Math.round(0.299 * data[4 * n]! + 0.587 * data[4 * n + 1]! + 0.114 * data[4 * n + 2]!));
  // Newer than the types of the language's library.
  return { width, height, grey: (grey as Uint8Array & { toBase64: () => string }).toBase64() };
}
