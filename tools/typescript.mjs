/**
 * Flags with which Node runs TypeScript: none from 22.18 on, which reads it itself. `short-assert.mjs` says why tsx needs
 * company.
 */
export const TYPESCRIPT = process.features.typescript
  ? []
  : ['--import', 'tsx', '--import', new URL('./short-assert.mjs', import.meta.url).href];
