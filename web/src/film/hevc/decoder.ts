/** Pictures of HEVC where the browser has no decoder for them: most phones film so, and many laptops cannot show it. */

import { CustomVideoDecoder, registerDecoder, VideoSample, type EncodedPacket, type InputVideoTrack, type VideoCodec } from 'mediabunny';
import programUrl from 'virtual:hevc-program';

import { HevcOrder } from '../read/hevcOrder';
import { LENGTH_AT, setsOf } from '../read/parameterSets';
import { unitsIn } from '../read/nalUnits';
import { behindStartCodes, isLeftOut } from './units';
import type { DecodedPicture, DecoderRequest, DecoderResponse } from './protocol';

type Asked = DecoderRequest extends infer Request ? (Request extends unknown ? Omit<Request, 'id'> : never) : never;

/** The decoder's worker, begun when it is first needed; it ends with the film worker that began it. */
class DecoderWorker {
  readonly #worker = new Worker(new URL('./hevcDecoder.ts', import.meta.url), { type: 'module', name: 'hevc' });
  readonly #pending = new Map<number, { resolve: (pictures: DecodedPicture[]) => void; reject: (error: Error) => void }>();
  readonly #loaded: Promise<unknown>;
  #lastId = 0;
  isBroken = false;

  constructor() {
    this.#worker.addEventListener('message', ({ data }: MessageEvent<DecoderResponse>) => {
      const asked = this.#pending.get(data.id);
      this.#pending.delete(data.id);
      if ('pictures' in data) asked?.resolve(data.pictures);
      else asked?.reject(new Error(data.problem));
    });
    this.#worker.addEventListener('error', (event) => this.#end(event.message || 'the decoder broke'));
    this.#loaded = this.#load();
    this.#loaded.catch((error: unknown) => this.#end(String(error)));
  }

  async ask(request: Asked): Promise<DecodedPicture[]> {
    await this.#loaded;
    return this.#post(request);
  }

  async #load(): Promise<void> {
    const answer = await fetch(programUrl);
    if (!answer.ok) throw new Error(`the decoder was not loaded: ${answer.status}`);
    await this.#post({ call: 'load', program: await answer.arrayBuffer() });
  }

  #post(request: Asked): Promise<DecodedPicture[]> {
    return new Promise((resolve, reject) => {
      if (this.isBroken) return reject(new Error('the decoder broke'));
      const id = ++this.#lastId;
      this.#pending.set(id, { resolve, reject });
      this.#worker.postMessage({ ...request, id });
    });
  }

  #end(why: string): void {
    this.isBroken = true;
    this.#worker.terminate();
    for (const { reject } of this.#pending.values()) reject(new Error(why));
    this.#pending.clear();
  }
}

let worker: DecoderWorker | null = null;
let lastStream = 0;
/** Configurations that this browser does not decode, by their codec strings. */
const undecoded = new Set<string>();

/** Lets the page decode `video` itself where it is HEVC that this browser does not decode. */
export async function decodeHere(video: InputVideoTrack): Promise<void> {
  const config = await video.getDecoderConfig();
  if (config && (await video.getCodec()) === 'hevc') undecoded.add(config.codec);
}

/** Whether the page decodes `video` itself: slowly, and for looking only. */
export async function isDecodedHere(video: InputVideoTrack): Promise<boolean> {
  const config = await video.getDecoderConfig();
  return config !== null && undecoded.has(config.codec);
}

/** A run of packets, in the order stored, from a key picture on; after a flush another one may follow. */
export class HevcStream {
  readonly #stream = ++lastStream;
  readonly #lengthBytes: number | null = null;
  readonly #sets: readonly Uint8Array[] = [];
  readonly #order: HevcOrder;
  /**
   * Whether only the key picture can be had. hevc.js 1.4.5 miscounts what comes after a first key picture of an open group
   * that counts itself in the upper half: it would give other pictures without a word.
   */
  #keyOnly = false;
  readonly #colorSpace: VideoColorSpaceInit;
  /** Of packets whose pictures are not out yet; pictures come in the order of their times. */
  #times: number[] = [];
  #hasBegun = false;
  /** Pictures shown before the first one may lean on what is left out before it. */
  #leads = true;

  constructor({ description, colorSpace }: VideoDecoderConfig) {
    if (!worker || worker.isBroken) worker = new DecoderWorker();
    this.#colorSpace = asStored(colorSpace);
    this.#order = new HevcOrder(null);
    if (!description) return;
    const record = ArrayBuffer.isView(description)
      ? new Uint8Array(description.buffer, description.byteOffset, description.byteLength)
      : new Uint8Array(description);
    this.#lengthBytes = (record[LENGTH_AT.hevc]! & 3) + 1;
    this.#sets = [...setsOf('hevc', record)];
    this.#order = new HevcOrder(record);
  }

  /** The pictures that are out by then, as stored, not turned. Throws what the decoder says. */
  async decode(packet: EncodedPacket): Promise<VideoSample[]> {
    const units = [...unitsIn(packet.data, this.#lengthBytes)];
    if (this.#keyOnly && packet.type !== 'key') return [];
    this.#keyOnly = !this.#hasBegun && this.#order.shareOf(units) >= 0.5;
    if (this.#hasBegun && this.#leads) {
      if (isLeftOut(units)) return [];
      this.#leads = false;
    }
    const given = this.#lengthBytes === null ? packet.data : behindStartCodes(this.#hasBegun ? units : [...this.#sets, ...units]);
    this.#hasBegun = true;
    this.#times.push(packet.timestamp);
    this.#times.sort((a, b) => a - b);
    const samples = this.#asSamples(await worker!.ask({ call: 'decode', stream: this.#stream, units: given }));
    if (!this.#keyOnly) return samples;
    const key = [...samples, ...(await this.flush())];
    this.#keyOnly = true;
    return key;
  }

  /** Those that are still to come. */
  async flush(): Promise<VideoSample[]> {
    const samples = this.#asSamples(await worker!.ask({ call: 'flush', stream: this.#stream }));
    [this.#times, this.#hasBegun, this.#leads, this.#keyOnly] = [[], false, true, false];
    return samples;
  }

  async close(): Promise<void> {
    for (const sample of await this.flush().catch(() => [])) sample.close();
  }

  #asSamples(pictures: DecodedPicture[]): VideoSample[] {
    return pictures.slice(0, this.#times.length).map(({ bytes, width, height, format }) => {
      const timestamp = this.#times.shift()!;
      return new VideoSample(bytes, { format, codedWidth: width, codedHeight: height, timestamp, colorSpace: this.#colorSpace });
    });
  }
}

class HevcDecoder extends CustomVideoDecoder {
  #stream: HevcStream | null = null;

  static override supports(codec: VideoCodec, config: VideoDecoderConfig): boolean {
    return codec === 'hevc' && undecoded.has(config.codec) && typeof VideoFrame !== 'undefined';
  }

  init(): void {
    this.#stream = new HevcStream(this.config);
  }

  async decode(packet: EncodedPacket): Promise<void> {
    for (const sample of await this.#stream!.decode(packet)) this.onSample(sample);
  }

  async flush(): Promise<void> {
    for (const sample of await this.#stream!.flush()) this.onSample(sample);
  }

  async close(): Promise<void> {
    await this.#stream?.close();
  }
}

/** The matrix and range that make red, green and blue of it; what light these stand for is seen to after that. */
function asStored(stated: VideoColorSpaceInit | undefined): VideoColorSpaceInit {
  return { matrix: stated?.matrix ?? 'bt709', fullRange: stated?.fullRange ?? false, primaries: 'bt709', transfer: 'bt709' };
}

registerDecoder(HevcDecoder);
