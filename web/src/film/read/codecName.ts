/** Decoders are asked by a codec string that a film's head fills in; where the head is careless, its pictures are fine all the same. */

import type { InputVideoTrack } from 'mediabunny';

import { decodeHere } from '../hevc/decoder';

/** Levels that every decoder knows: what fits them is far larger than any film of ours. */
const VP9_LEVEL = '51';
const AVC_LEVEL = '34';

/**
 * The codec strings under which the same pictures may be decoded: with a level that exists, and without colours, which
 * the pictures state themselves. None of a codec whose string tells the decoder what it needs.
 */
export function otherCodecStrings(codec: string): string[] {
  const [family, profile, , depth, ...colors] = codec.split('.');
  if (family === 'vp09') {
    const known = depth && depth !== '00' ? depth : Number(profile) < 2 ? '08' : '10';
    const bare = `vp09.${profile}.${VP9_LEVEL}.${known}`;
    return colors.length ? [[bare, ...colors].join('.'), bare] : [bare];
  }
  return family === 'avc1' || family === 'avc3' ? [codec.slice(0, -2) + AVC_LEVEL] : [];
}

/**
 * Lets `video` be decoded under another codec string where this browser refuses its own, as it does of its own
 * recordings: Chromium 156 writes VP9 into MP4 with level 0, which its decoder does not take. HEVC that it does not decode
 * is decoded by the page.
 */
export async function letBeDecoded(video: InputVideoTrack): Promise<void> {
  if (typeof VideoDecoder === 'undefined' || (await video.canDecode())) return;
  const stated = await video.getDecoderConfig();
  for (const codec of otherCodecStrings(stated?.codec ?? '')) {
    const config = { ...stated, codec };
    if (!(await VideoDecoder.isConfigSupported(config).catch(() => null))?.supported) continue;
    video.getDecoderConfig = () => Promise.resolve(config);
    video.canDecode = () => Promise.resolve(true);
    return;
  }
  await decodeHere(video);
}
