/** Pixels that are wider than high, or higher than wide, where the demuxer (mediabunny 1.61) does not look for it. */

import type { InputVideoTrack } from 'mediabunny';

/** Has `video` tell sizes in square pixels by `aspect`, how much wider than high its pixels are; its cuts then state it too. */
export async function shapePixels(video: InputVideoTrack, aspect: number): Promise<void> {
  const [width, height] = [await video.getCodedWidth(), await video.getCodedHeight()];
  const wide = aspect >= 1 ? Math.round(width * aspect) : width;
  const high = aspect >= 1 ? height : Math.round(height / aspect);
  if (wide === width && high === height) return;
  const stated = await video.getDecoderConfig();
  video.getSquarePixelWidth = () => Promise.resolve(wide);
  video.getSquarePixelHeight = () => Promise.resolve(high);
  video.getDecoderConfig = () => Promise.resolve(stated && { ...stated, displayAspectWidth: wide, displayAspectHeight: high });
}
