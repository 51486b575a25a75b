import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';
import { hevc } from './vite.hevc';
import { toml } from './vite.toml';

export default defineConfig({
  root: 'trial',
  base: './',
  build: { target: 'es2022', emptyOutDir: true, modulePreload: { polyfill: false } },
  plugins: [svelte(), hevc(), toml()],
  worker: { format: 'es', plugins: () => [hevc(), toml()] },
});
