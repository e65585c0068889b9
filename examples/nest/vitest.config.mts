import swc from 'unplugin-swc';
import { defineConfig } from 'vitest/config';

// Nest finds what to inject by what TypeScript writes about decorated classes: Vitest's own compiler leaves it out.
export default defineConfig({
  plugins: [swc.vite({ module: { type: 'es6' } })],
  test: { include: ['vitest/**/*.test.mts'] },
});
