/** hevc.js's decoder as its compiler wrote it (vite.hevc.ts). */
declare module 'virtual:hevc-decode' {
  export interface HevcModule {
    readonly HEAPU8: Uint8Array;
    readonly HEAPU16: Uint16Array;
    _malloc(bytes: number): number;
    _free(at: number): void;
    _hevc_decoder_create(): number;
    _hevc_decoder_destroy(decoder: number): void;
    /** All of these give 0 where they did what was asked. */
    _hevc_decoder_feed(decoder: number, at: number, bytes: number): number;
    _hevc_decoder_drain(decoder: number, countAt: number): number;
    _hevc_decoder_flush(decoder: number): number;
    _hevc_decoder_get_drained_frame(decoder: number, index: number, frameAt: number): number;
  }

  export interface ModuleOptions {
    instantiateWasm(imports: WebAssembly.Imports, receive: (instance: WebAssembly.Instance) => void): object;
    print(text: string): void;
    printErr(text: string): void;
  }

  export default function createModule(options: ModuleOptions): Promise<HevcModule>;
}

declare module 'virtual:hevc-program' {
  /** Where the compiled program is. */
  const url: string;
  export default url;
}
