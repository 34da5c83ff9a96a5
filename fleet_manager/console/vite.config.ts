import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import react from '@vitejs/plugin-react';
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

const manager = 'http://127.0.0.1:8000';

export default defineConfig({
  plugins: [react(), compressed()],
  // One chunk: a part that is fetched later would be missing just when the fleet manager is.
  build: { target: 'es2022', chunkSizeWarningLimit: 1000 },
  server: { proxy: { '/api': { target: manager, ws: true } } },
  test: { environment: 'node', include: ['src/**/*.test.ts'] },
});
