/** Packages of this repository import one another's sources, not what was last built. */
const SOURCE = '--conditions=@keycloak-guard/source';

/** Flags with which every Node runs TypeScript, wherever the file is: Node itself reads none below `node_modules`. */
export const TSX = [SOURCE, '--import', import.meta.resolve('tsx')];

/**
 * Flags with which Node runs TypeScript: from 22.18 on it reads it itself. `short-assert.mjs` says why tsx needs company.
 */
export const TYPESCRIPT = process.features.typescript
  ? [SOURCE]
  : [...TSX, '--import', new URL('../check/short-assert.mjs', import.meta.url).href];
