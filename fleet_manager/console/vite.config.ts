import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import react from '@vitejs/plugin-react';
import { VitePWA } from 'vite-plugin-pwa';
import { defineConfig } from 'vitest/config';
import type { Plugin } from 'vite';

/** Leaves a `.gz` beside every larger file, so that the fleet manager need not compress anything. */
function compressed(): Plugin {
  return {
    name: 'compressed',
    apply: 'build',
    closeBundle() {
      for (const entry of readdirSync('dist', { recursive: true, withFileTypes: true })) {
        const path = join(entry.parentPath, entry.name);
        if (entry.isFile() && /\.(js|css|html|svg)$/.test(entry.name)) {
          const content = readFileSync(path);
          if (content.length > 1024) writeFileSync(`${path}.gz`, gzipSync(content, { level: 9 }));
        }
      }
    },
  };
}

/**
 * A page that can be installed, and opens without a network: all its parts are fetched ahead, since one that is missing
 * would be missing just when the fleet manager is. Of the API only the site is kept; what is live never is.
 */
function installable(): ReturnType<typeof VitePWA> {
  return VitePWA({
    registerType: 'autoUpdate',
    injectRegister: 'script-defer',
    includeAssets: ['favicon.svg'],
    manifest: {
      name: 'WardFleet',
      short_name: 'WardFleet',
      description: 'Dispatch and track the robots of a hospital.',
      display: 'standalone',
      start_url: '/ward',
      theme_color: '#0b7285',
      background_color: '#eef2f4',
      icons: [{ src: '/favicon.svg', sizes: 'any', type: 'image/svg+xml', purpose: 'any' }],
    },
    workbox: {
      globPatterns: ['**/*.{js,css,html,svg}'],
      navigateFallback: '/index.html',
      navigateFallbackDenylist: [/^\/api\//, /^\/agents\//],
      runtimeCaching: [
        {
          urlPattern: ({ url }) => url.pathname === '/api/v1/site',
          handler: 'NetworkFirst',
          options: { cacheName: 'site', networkTimeoutSeconds: 4 },
        },
      ],
    },
  });
}

const manager = 'http://127.0.0.1:8000';

export default defineConfig({
  plugins: [react(), installable(), compressed()],
  build: { target: 'es2022', chunkSizeWarningLimit: 1000 },
  server: { proxy: { '/api': { target: manager, ws: true } } },
  test: { environment: 'node', include: ['src/**/*.test.ts'] },
});
