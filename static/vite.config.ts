import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';
import { precompress } from './precompress.ts';

const server = process.env.LIGHTNING_URL ?? 'http://127.0.0.1:8080';

export default defineConfig({
  plugins: [svelte(), precompress()],
  build: {
    target: 'es2023',
    outDir: process.env.LIGHTNING_UI_OUT ?? 'dist',
    emptyOutDir: true,
    // The trading page, and the explorer of the API.
    rolldownOptions: { input: ['index.html', 'api-docs/index.html'] },
    // The polyfill is inline script, which the page's Content-Security-Policy refuses.
    modulePreload: { polyfill: false },
    // A data: URL for a small file saves nothing over one cached connection and muddies the policy.
    assetsInlineLimit: 0,
  },
  server: {
    // `npx vite` against a running exchange; the session cookie needs one origin, so everything is proxied.
    proxy: {
      '/api': { target: server },
      '/x': { target: server, ws: true },
      '/api-docs/openapi.json': server,
      '/stream': { target: server, ws: true },
    },
  },
  test: { include: ['{src,api-docs}/**/*.test.ts'] },
});
