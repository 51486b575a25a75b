import { svelte } from '@sveltejs/vite-plugin-svelte';
import { parse } from 'smol-toml';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

/** The service's own lists in configs/ become part of the page while it is built. */
function toml(): Plugin {
  return {
    name: 'toml',
    transform: (text, id) => (id.endsWith('.toml') ? { code: `export default ${JSON.stringify(parse(text))}`, map: null } : null),
  };
}

export default defineConfig({
  plugins: [svelte(), toml()],
  // Nothing is inlined as data: URLs, so that the strict Content-Security-Policy of the service holds.
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: { input: ['index.html', 'it.html'] },
  },
  worker: { format: 'es' },
  server: { proxy: { '/api': 'http://127.0.0.1:8000', '/review': 'http://127.0.0.1:8000' } },
  test: {
    include: ['src/**/*.test.ts'],
    setupFiles: ['src/testing/setup.ts'],
    testTimeout: 30_000,
    // The page's build of it, on XMLHttpRequest, in place of Node's.
    alias: { 'tus-js-client': 'tus-js-client/lib.esm/browser/index.js' },
    server: { deps: { inline: ['tus-js-client'] } },
  },
});
