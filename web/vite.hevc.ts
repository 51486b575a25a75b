import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'vite';

const inPackage = (name: string): string => fileURLToPath(new URL(`./node_modules/@hevcjs/core/wasm/${name}`, import.meta.url));
const SCRIPT = inPackage('hevc-decode.js');
const PROGRAM = inPackage('hevc-decode.wasm');

/**
 * The decoder of HEVC out of its package, which names only its own player: the script that its compiler wrote, made a
 * module, and the address of the program, which is a file of its own.
 */
export function hevc(): Plugin {
  return {
    name: 'hevc',
    enforce: 'pre',
    resolveId(name) {
      if (!name.startsWith('virtual:hevc-')) return null;
      if (!existsSync(SCRIPT)) this.error('@hevcjs/core is not installed: run make setup, or npm --prefix web ci');
      return name === 'virtual:hevc-decode' ? SCRIPT : `${PROGRAM}?url`;
    },
    transform: (code, id) => (id === SCRIPT ? { code: `${code}\nexport default HEVCDecoderModule;`, map: null } : null),
  };
}
