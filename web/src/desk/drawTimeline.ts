/** Draws the filmstrip and the waveform on a canvas. */

/** Filmstrip bitmaps by time; close() frees them. */
export class Pictures {
  #all: { timeMs: number; picture: ImageBitmap }[] = [];

  add(timeMs: number, picture: ImageBitmap): void {
    const after = this.#all.findIndex((one) => one.timeMs >= timeMs);
    if (after >= 0 && this.#all[after]?.timeMs === timeMs) return picture.close();
    this.#all.splice(after < 0 ? this.#all.length : after, 0, { timeMs, picture });
  }

  /** The picture nearest to a time. */
  near(timeMs: number): ImageBitmap | null {
    let [low, high] = [0, this.#all.length - 1];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((this.#all[middle]?.timeMs ?? 0) <= timeMs) low = middle;
      else high = middle;
    }
    const [a, b] = [this.#all[low], this.#all[high]];
    if (!a || !b) return null;
    return Math.abs(a.timeMs - timeMs) <= Math.abs(b.timeMs - timeMs) ? a.picture : b.picture;
  }

  close(): void {
    for (const { picture } of this.#all.splice(0)) picture.close();
  }
}

export interface Scene {
  readonly pictures: Pictures;
  readonly peaks: Float32Array | null;
  readonly fromMs: number;
  readonly spanMs: number;
  readonly durationMs: number;
  readonly widthPx: number;
  /** Width of a picture by its height. */
  readonly aspect: number;
  readonly hasPicture: boolean;
  readonly hasSound: boolean;
}

const HEIGHT_PX = 92;
const WAVE_PX = 36;

export function drawFilm(canvas: HTMLCanvasElement, scene: Scene): void {
  const scale = devicePixelRatio || 1;
  canvas.width = Math.round(scene.widthPx * scale);
  canvas.height = HEIGHT_PX * scale;
  const on = canvas.getContext('2d');
  if (!on) return;
  on.scale(scale, scale);
  const pictureHigh = !scene.hasPicture ? 0 : scene.hasSound ? HEIGHT_PX - WAVE_PX : HEIGHT_PX;
  const waveHigh = HEIGHT_PX - pictureHigh;
  const tile = Math.max(24, pictureHigh * scene.aspect);
  for (let left = 0; scene.hasPicture && left < scene.widthPx; left += tile) {
    const picture = scene.pictures.near(scene.fromMs + ((left + tile / 2) / scene.widthPx) * scene.spanMs);
    if (picture) on.drawImage(picture, left, 0, tile - 1, pictureHigh);
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
