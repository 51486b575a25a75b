/** Small upright pictures of decoded ones, for strips and cards. */

import type { VideoSample } from 'mediabunny';

import { upright, type Size } from '../read/look';
import { serialQueue } from '../serialQueue';
import { toStandardLight, type WideLight } from './standardLight';

/** One at a time, so that one piece of memory serves all: a picture of 4K takes 33 MB as RGB. */
const oneDrawing = serialQueue();
let pixels = new Uint8ClampedArray(0);

/**
 * A picture `heightPx` high of a decoded one, which is closed; `stored` is its size in square pixels, not yet turned.
 * `light`: what its values stand for, where the decoder has not seen to that.
 *
 * Drawing a decoded picture on a canvas leaves a full-sized copy of it in shared memory until some later clean-up
 * (measured in Chromium 156: 8 MB for each of 1080p), so its pixels are read out and made small instead.
 */
export function toUprightBitmap(sample: VideoSample, stored: Size, heightPx: number, light: WideLight | null = null): Promise<ImageBitmap> {
  const { rotation, flip } = sample;
  const shown = upright(stored, rotation);
  const widthPx = Math.max(1, Math.round((heightPx * shown.width) / shown.height));
  const [width, height] = rotation % 180 === 0 ? [widthPx, heightPx] : [heightPx, widthPx];
  return oneDrawing(async () => {
    const small = await makeSmall(sample, width, height);
    if (!rotation && !flip && !light) return small;
    const canvas = new OffscreenCanvas(widthPx, heightPx);
    const context = canvas.getContext('2d', { willReadFrequently: light !== null })!;
    context.translate(widthPx / 2, heightPx / 2);
    if (flip) context.scale(-1, 1);
    context.rotate((rotation * Math.PI) / 180);
    context.drawImage(small, -width / 2, -height / 2);
    small.close();
    if (light) {
      const drawn = context.getImageData(0, 0, widthPx, heightPx);
      toStandardLight(drawn.data, light);
      context.putImageData(drawn, 0, 0);
    }
    return canvas.transferToImageBitmap();
  });
}

async function makeSmall(sample: VideoSample, resizeWidth: number, resizeHeight: number): Promise<ImageBitmap> {
  const { width, height } = sample.visibleRect;
  const size = { resizeWidth, resizeHeight, resizeQuality: 'medium' } as const;
  const bytes = width * height * 4;
  if (pixels.length < bytes) pixels = new Uint8ClampedArray(bytes);
  const own = pixels.subarray(0, bytes);
  try {
    await sample.copyTo(own, { format: 'RGBX', colorSpace: 'srgb' });
    return await createImageBitmap(new ImageData(own, width, height), size);
  } catch (error) {
    // Some browsers do not turn pixels into RGB; they may take the memory.
    if (!(error instanceof Error && ['NotSupportedError', 'TypeError'].includes(error.name))) throw error;
    const frame = sample.toVideoFrame();
    const small = await createImageBitmap(frame, size);
    frame.close();
    return small;
  } finally {
    sample.close();
  }
}
