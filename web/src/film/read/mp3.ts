/** How much an MP3's encoder put before the first sample, which the demuxer passes over and players leave out. */

import type { FileBytes } from '../types';

const ID3_HEAD_BYTES = 10;
const LOOKED_AT_BYTES = 4096;
/** Places after the mark `Xing` or `Info`: the encoder's name, and twelve bits of its run-up. */
const NAME_AT = 120;
const DELAY_AT = 141;
/** What every decoder adds. */
const DECODER_SAMPLES = 529;

/** In samples; 0 where the file does not say, and then players leave nothing out. */
export async function encoderDelay(file: FileBytes): Promise<number> {
  const head = new Uint8Array(await file.slice(0, ID3_HEAD_BYTES).arrayBuffer());
  const tagged = String.fromCharCode(...head.subarray(0, 3)) === 'ID3';
  const from = tagged ? ID3_HEAD_BYTES + head.subarray(6, 10).reduce((size, byte) => size * 128 + (byte & 127), 0) : 0;
  const bytes = new Uint8Array(await file.slice(from, from + LOOKED_AT_BYTES).arrayBuffer());
  const text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
  const mark = text.search(/Xing|Info/);
  if (mark < 0 || !/^(LAME|Lavc|Lavf)/.test(text.slice(mark + NAME_AT))) return 0;
  return ((bytes[mark + DELAY_AT] ?? 0) << 4) + ((bytes[mark + DELAY_AT + 1] ?? 0) >> 4) + DECODER_SAMPLES;
}
