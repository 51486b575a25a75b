/** The film engine alone, for tests that drive it from outside; never part of the page that is served. */

import * as engine from '../src/film';
import { watch } from './watch';

const seal = crypto.subtle.importKey('raw', new Uint8Array(32).fill(7), 'HKDF', false, ['deriveKey']).then((key) => ({ id: 'trialkey', key }));

/** With a key of its own, as the page has one from the service. */
const film = {
  ...engine,
  cut: async (file: File, moment: engine.Moment, mode: engine.CutMode, name: string, onProgress: (share: number) => void, signal: AbortSignal, marks: engine.CoverMark[] = []) =>
    engine.cut(file, moment, mode, name, await seal, onProgress, signal, marks),
  cutFile: async (name: string) => {
    const file = await engine.cutFile(name, () => seal);
    return new Blob([await file.slice(0, file.size).arrayBuffer()]);
  },
};

declare global {
  interface Window {
    film: typeof film;
    watch: typeof watch;
  }
}

window.film = film;
window.watch = watch;
