import { defineConfig } from 'vite';

export default defineConfig({
  root: 'trial',
  base: './',
  build: { target: 'es2022', emptyOutDir: true, modulePreload: { polyfill: false } },
  worker: { format: 'es' },
});
