import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';
import type { PluginOption } from 'vite';
import { wuchale } from 'wuchale/vite';
import { hevc } from './vite.hevc';
import { toml } from './vite.toml';

const WITH_A_PAGE = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.test.ts') && readFileSync(`src/${name}`, 'utf8').includes('@vitest-environment jsdom'))
  .map((name) => `src/${name}`);

const { PAGE_LANGUAGE = 'en', PAGE_LOCALES = 'src/locales' } = process.env;
const catalogue = wuchale();
let read: Promise<void> | undefined;
/**
 * The catalogue's words are put in by the build; tests and `npm run dev` read them where they stand. The worker's build shares
 * the page's reading: one of its own would write the compiled catalogue again, in parts, while the page's build takes it.
 */
const words = (command: string): PluginOption[] =>
  command === 'build' ? [{ ...catalogue, configResolved: (config) => (read ??= catalogue.configResolved(config)) }] : [];

export default defineConfig(({ command }) => ({
  plugins: [words(command), svelte(), hevc(), toml()],
  resolve: {
    alias: { catalogue: resolve(PAGE_LOCALES, `.wuchale/page.page.${PAGE_LANGUAGE}.compiled.js`) },
    ...(process.env['VITEST'] ? { conditions: ['browser'] } : {}), // components are mounted, not written as HTML
  },
  // Nothing is inlined as data: URLs, so that the strict Content-Security-Policy of the service holds.
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: { input: ['index.html', 'it.html'] },
  },
  worker: { format: 'es', plugins: () => [words(command), hevc(), toml()] },
  server: { proxy: { '/api': 'http://127.0.0.1:8000', '/review': 'http://127.0.0.1:8000' } },
  test: {
    // Each file that has a page's storage or tabs begins with none of another's. The others share a process: to begin
    // anew for each took half of the processor time.
    projects: [
      { extends: true, test: { name: 'with a page', include: WITH_A_PAGE } },
      { extends: true, test: { name: 'without', include: ['src/**/*.test.ts'], exclude: WITH_A_PAGE, isolate: false } },
    ],
    // One thread: each further process reads and translates every module again, while pytest has the other processor.
    pool: 'threads',
    maxWorkers: 1,
    setupFiles: ['src/testing/setup.ts'],
    testTimeout: 30_000,
    expect: { poll: { timeout: 25_000 } }, // a state is waited for as long as a busy machine needs; a second was too little
    // The page's build of it, on XMLHttpRequest, in place of Node's.
    alias: { 'tus-js-client': 'tus-js-client/lib.esm/browser/index.js' },
    server: { deps: { inline: ['tus-js-client'] } },
  },
}));
