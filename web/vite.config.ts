import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';
import { hevc } from './vite.hevc';
import { toml } from './vite.toml';

export default defineConfig({
  plugins: [svelte(), hevc(), toml()],
  // Nothing is inlined as data: URLs, so that the strict Content-Security-Policy of the service holds.
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: { input: ['index.html', 'it.html'] },
  },
  worker: { format: 'es', plugins: () => [hevc(), toml()] },
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
