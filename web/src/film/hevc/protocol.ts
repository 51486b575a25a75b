/** The messages between a film worker and the decoder's own worker, which can neither load nor send anything. */

/** A decoded picture as stored, not turned: its planes one after the other, eight bits each, without gaps. */
export interface DecodedPicture {
  readonly bytes: ArrayBuffer;
  readonly width: number;
  readonly height: number;
  readonly format: 'I420' | 'I422' | 'I444';
}

export type DecoderRequest =
  /** The program itself, once, before anything else. */
  | { readonly id: number; readonly call: 'load'; readonly program: ArrayBuffer }
  /** NAL units behind start codes. A stream begins with its first units. */
  | { readonly id: number; readonly call: 'decode'; readonly stream: number; readonly units: Uint8Array }
  /** The pictures that are still held back; what follows is a stream that begins anew. */
  | { readonly id: number; readonly call: 'flush'; readonly stream: number };

/** Pictures come in the order in which they are shown. */
export type DecoderResponse = { readonly id: number; readonly pictures: DecodedPicture[] } | { readonly id: number; readonly problem: string };
