/** Packages of this repository import one another's sources, not what was last built. */
const SOURCE = '--conditions=@keycloak-guard/source';

/**
 * Flags with which Node runs TypeScript: none from 22.18 on, which reads it itself. `short-assert.mjs` says why tsx needs
 * company.
 */
export const TYPESCRIPT = process.features.typescript
  ? [SOURCE]
  : [
      SOURCE,
      '--import',
      import.meta.resolve('tsx'),
      '--import',
      new URL('./short-assert.mjs', import.meta.url).href,
    ];
