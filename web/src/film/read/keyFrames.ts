/** Which pictures of VP9 and AV1 lean on no other, by their own word: where a container does not list them. */

const VP9_PROFILE_3 = 3;
const [AV1_FRAME_HEADER, AV1_FRAME] = [3, 6];

/** Whether the picture in `data` is a key frame; null for codecs that are not looked at. */
export function keyFrameTest(codec: string | null): ((data: Uint8Array) => boolean) | null {
  return codec === 'vp9' ? isVp9Key : codec === 'av1' ? isAv1Key : null;
}

/** VP9 bitstream specification, 6.2: what follows the profile is whether a picture is shown again, and its kind. */
function isVp9Key([head = 0xff]: Uint8Array): boolean {
  const profile = ((head >> 5) & 1) + ((head >> 3) & 2);
  return ((head >> (profile === VP9_PROFILE_3 ? 1 : 2)) & 3) === 0;
}

/** AV1 bitstream specification, 5.3 to 5.9: the first frame header of a picture begins with the same two words. */
function isAv1Key(data: Uint8Array): boolean {
  for (let at = 0; at < data.length; ) {
    const head = data[at]!;
    const kind = (head >> 3) & 15;
    at += (head >> 2) & 1 ? 2 : 1;
    let length = data.length - at;
    if ((head >> 1) & 1) {
      length = 0;
      for (let n = 0; n < 8; n++) {
        const byte = data[at++] ?? 0;
        length += (byte & 0x7f) * 128 ** n;
        if (byte < 0x80) break;
      }
    }
    if (kind === AV1_FRAME_HEADER || kind === AV1_FRAME) return (data[at] ?? 0xff) >> 5 === 0;
    at += length;
  }
  return false;
}
