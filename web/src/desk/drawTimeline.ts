/** Draws the filmstrip and the waveform on a canvas. */

import type { Filmstrip, Tile } from './filmstrip';

export interface Scene {
  readonly strip: Filmstrip;
  readonly tiles: readonly Tile[];
  readonly peaks: Float32Array | null;
  readonly fromMs: number;
  readonly spanMs: number;
  readonly durationMs: number;
  readonly widthPx: number;
  readonly hasPicture: boolean;
  readonly hasSound: boolean;
}

const HEIGHT_PX = 92;
const WAVE_PX = 36;
const HATCH_PX = 9;

/** How high the pictures are; 0 where the film has none. */
export const pictureHeight = (hasPicture: boolean, hasSound: boolean): number => (!hasPicture ? 0 : hasSound ? HEIGHT_PX - WAVE_PX : HEIGHT_PX);

/** How wide one is; `aspect`: its width by its height. */
export const tileWidth = (heightPx: number, aspect: number): number => Math.max(24, heightPx * aspect);

export function drawFilm(canvas: HTMLCanvasElement, scene: Scene): void {
  const scale = devicePixelRatio || 1;
  canvas.width = Math.round(scene.widthPx * scale);
  canvas.height = HEIGHT_PX * scale;
  const on = canvas.getContext('2d');
  if (!on) return;
  on.scale(scale, scale);
  const pictureHigh = pictureHeight(scene.hasPicture, scene.hasSound);
  const waveHigh = HEIGHT_PX - pictureHigh;
  const x = (ms: number): number => ((ms - scene.fromMs) / scene.spanMs) * scene.widthPx;
  for (const tile of scene.tiles) {
    const left = x(tile.fromMs);
    const wide = x(tile.fromMs + tile.tileMs) - left - 1;
    const picture = scene.strip.at(tile);
    if (picture) on.drawImage(picture, left, 0, wide, pictureHigh);
    else hatch(on, left, wide, pictureHigh);
  }
  if (!scene.hasSound) return;
  const style = getComputedStyle(canvas);
  on.fillStyle = style.getPropertyValue('--surface');
  on.fillRect(0, pictureHigh, scene.widthPx, waveHigh);
  on.fillStyle = style.getPropertyValue('--wave');
  const { peaks } = scene;
  if (!peaks?.length) return;
  const middle = pictureHigh + waveHigh / 2;
  const loudest = Math.max(0.05, peaks.reduce((most, one) => Math.max(most, one), 0));
  for (let left = 0; left < scene.widthPx; left += 2) {
    const share = (scene.fromMs + (left / scene.widthPx) * scene.spanMs) / scene.durationMs;
    const end = (scene.fromMs + ((left + 2) / scene.widthPx) * scene.spanMs) / scene.durationMs;
    const first = Math.floor(share * peaks.length);
    let loud = 0;
    for (let n = first; n <= Math.min(peaks.length - 1, Math.max(first, Math.floor(end * peaks.length) - 1)); n++) loud = Math.max(loud, peaks[n] ?? 0);
    const high = Math.max(1, Math.sqrt(loud / loudest) * (waveHigh - 6));
    on.fillRect(left, middle - high / 2, 1.4, high);
  }
}

/** Where there is no picture yet: one of another time would be taken for this one. */
function hatch(on: CanvasRenderingContext2D, left: number, wide: number, high: number): void {
  on.save();
  on.beginPath();
  on.rect(left, 0, wide, high);
  on.clip();
  on.strokeStyle = 'rgb(255 255 255 / 13%)';
  on.lineWidth = 1.5;
  on.beginPath();
  for (let at = left - high; at < left + wide; at += HATCH_PX) {
    on.moveTo(at, high);
    on.lineTo(at + high, 0);
  }
  on.stroke();
  on.restore();
}
