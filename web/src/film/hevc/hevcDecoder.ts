/**
 * The worker in which films of HEVC are decoded, by hevc.js compiled to WebAssembly.
 *
 * It is a worker of its own because compiling needs 'wasm-unsafe-eval', which no other part of the page has: the service
 * gives this one script a policy under which it can compile, and neither load nor send anything (api/middleware/limits.py).
 */

import createModule, { type HevcModule } from 'virtual:hevc-decode';

import { copyPicture, type HeldPicture } from './planes';
import type { DecodedPicture, DecoderRequest, DecoderResponse } from './protocol';

/** The decoder's description of a picture: so many fields of four bytes. */
const FRAME_FIELDS = 12;

const page = self as unknown as { postMessage(message: DecoderResponse, transfer?: Transferable[]): void };
let loading: Promise<HevcModule> | null = null;
const streams = new Map<number, number>();
/** One request after the other, in the order in which they came. */
let last: Promise<void> = Promise.resolve();

self.addEventListener('message', ({ data }: MessageEvent<DecoderRequest>) => {
  last = last.then(() => respond(data));
});

async function respond(request: DecoderRequest): Promise<void> {
  try {
    const pictures = await run(request);
    page.postMessage({ id: request.id, pictures }, pictures.map(({ bytes }) => bytes));
  } catch (error) {
    page.postMessage({ id: request.id, problem: String(error) });
  }
}

async function run(request: DecoderRequest): Promise<DecodedPicture[]> {
  if (request.call === 'load') {
    loading = load(request.program);
    await loading;
    return [];
  }
  if (!loading) throw new Error('no program');
  const module = await loading;
  const decoder = streams.get(request.stream);
  if (request.call === 'flush') {
    if (decoder === undefined) return [];
    try {
      return module._hevc_decoder_flush(decoder) ? [] : takeAll(module, decoder);
    } finally {
      streams.delete(request.stream);
      module._hevc_decoder_destroy(decoder);
    }
  }
  return decode(module, decoder ?? begin(module, request.stream), request.units);
}

async function load(program: ArrayBuffer): Promise<HevcModule> {
  const compiled = await WebAssembly.compile(program);
  return createModule({
    instantiateWasm: (imports, receive) => {
      void WebAssembly.instantiate(compiled, imports).then(receive);
      return {};
    },
    // What it says of damaged pictures goes to nobody.
    print: () => undefined,
    printErr: () => undefined,
  });
}

function begin(module: HevcModule, stream: number): number {
  const decoder = module._hevc_decoder_create();
  if (!decoder) throw new Error('no decoder');
  streams.set(stream, decoder);
  return decoder;
}

function decode(module: HevcModule, decoder: number, units: Uint8Array): DecodedPicture[] {
  const at = module._malloc(units.length);
  const count = module._malloc(4);
  try {
    module.HEAPU8.set(units, at);
    if (module._hevc_decoder_feed(decoder, at, units.length)) throw new Error('not decoded');
    return module._hevc_decoder_drain(decoder, count) ? [] : takeAll(module, decoder);
  } finally {
    module._free(count);
    module._free(at);
  }
}

function takeAll(module: HevcModule, decoder: number): DecodedPicture[] {
  const frame = module._malloc(4 * FRAME_FIELDS);
  const pictures: DecodedPicture[] = [];
  while (!module._hevc_decoder_get_drained_frame(decoder, pictures.length, frame)) {
    // Its memory may have grown, and moved, since.
    pictures.push(copyPicture(module.HEAPU16, readFrame(new Uint32Array(module.HEAPU8.buffer, frame, FRAME_FIELDS))));
  }
  module._free(frame);
  return pictures;
}

function readFrame(fields: Uint32Array): HeldPicture {
  const [y, blue, red, width, height, lumaStride, chromaStride, chromaWidth, chromaHeight, bits] = fields;
  return {
    width: width!,
    height: height!,
    chromaWidth: chromaWidth!,
    chromaHeight: chromaHeight!,
    bits: bits!,
    strides: [lumaStride!, chromaStride!],
    begins: [y! >> 1, blue! >> 1, red! >> 1],
  };
}
