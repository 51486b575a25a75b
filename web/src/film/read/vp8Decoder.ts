/** VP8's pictures with their own times, where a film stores pictures that are never shown. */

import { CustomVideoDecoder, registerDecoder, VideoSample, type EncodedPacket, type VideoCodec } from 'mediabunny';

const MOST_WAITING = 8;

/**
 * mediabunny 1.61 gives the pictures that come out of a decoder the times of the packets that went in, in order. VP8
 * encoders in two passes store pictures that others lean on and nobody sees ("alt-ref"), each in a packet of its own: after
 * the first of them all pictures up to the next key picture got the time of an earlier one. VP8 has no reordering, so what
 * a browser says of each picture is right.
 */
class Vp8Decoder extends CustomVideoDecoder {
  #decoder: VideoDecoder | null = null;

  static override supports(codec: VideoCodec): boolean {
    return codec === 'vp8' && typeof VideoDecoder !== 'undefined';
  }

  init(): void {
    this.#decoder = new VideoDecoder({
      output: (frame) => void this.onSample(new VideoSample(frame)),
      error: (error) => this.onError(error),
    });
    this.#decoder.configure(this.config);
  }

  async decode(packet: EncodedPacket): Promise<void> {
    const decoder = this.#decoder!;
    decoder.decode(packet.toEncodedVideoChunk());
    while (decoder.state === 'configured' && decoder.decodeQueueSize > MOST_WAITING) {
      await new Promise((resolve) => decoder.addEventListener('dequeue', resolve, { once: true }));
    }
  }

  async flush(): Promise<void> {
    await this.#decoder?.flush();
  }

  close(): void {
    if (this.#decoder?.state !== 'closed') this.#decoder?.close();
  }
}

registerDecoder(Vp8Decoder);
