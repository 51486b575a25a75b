/** Pixels that are wider than high, or higher than wide, where the demuxer (mediabunny 1.61) does not look for it. */

import type { EncodedPacketSink, InputVideoTrack } from 'mediabunny';

import type { NalUnits } from './nalUnits';
import { pixelAspectOfPictures } from './parameterSets';

const THOUSAND = 1000;

/**
 * Has `video` tell the shape of its pixels, and its cuts state it: by the container's word, `stated` (1: the demuxer has
 * read it), or where that is missing (null) by the pictures' own. `record`: their decoder's configuration.
 */
export async function settleShape(
  video: InputVideoTrack,
  stated: number | null,
  pictures: EncodedPacketSink,
  nalUnits: NalUnits | null,
  record: Uint8Array | null,
): Promise<void> {
  const own = nalUnits ? pixelAspectOfPictures(nalUnits, record, (await pictures.getFirstPacket())?.data ?? null) : 1;
  if (stated !== 1) await shapePixels(video, stated ?? own);
  else if (own !== 1) await stateSquarePixels(video);
}

/** Has `video` tell sizes in square pixels by `aspect`, how much wider than high its pixels are; its cuts then state it too. */
async function shapePixels(video: InputVideoTrack, aspect: number): Promise<void> {
  const [width, height] = [await video.getCodedWidth(), await video.getCodedHeight()];
  const wide = aspect >= 1 ? Math.round(width * aspect) : width;
  const high = aspect >= 1 ? height : Math.round(height / aspect);
  if (wide === (await video.getSquarePixelWidth()) && high === (await video.getSquarePixelHeight())) return;
  video.getSquarePixelWidth = () => Promise.resolve(wide);
  video.getSquarePixelHeight = () => Promise.resolve(high);
  await stateShape(video, wide, high);
}

/**
 * Where a container says that pixels are square and the pictures say otherwise, its word counts; so the cuts must state it
 * too. The writer leaves out what is square, but not what is so to a thousandth of a pixel.
 */
async function stateSquarePixels(video: InputVideoTrack): Promise<void> {
  const [width, height] = [await video.getCodedWidth(), await video.getCodedHeight()];
  if (width !== (await video.getSquarePixelWidth()) || height !== (await video.getSquarePixelHeight())) return;
  await stateShape(video, width * THOUSAND + 1, height * THOUSAND);
}

async function stateShape(video: InputVideoTrack, width: number, height: number): Promise<void> {
  const stated = await video.getDecoderConfig();
  video.getDecoderConfig = () => Promise.resolve(stated && { ...stated, displayAspectWidth: width, displayAspectHeight: height });
}
