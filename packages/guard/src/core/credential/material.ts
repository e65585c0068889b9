import { loadPart } from '../runtime/part.ts';
import type { Material } from './file-material.ts';

/** Values that do not change. */
export function fixedMaterial<M>(loaded: readonly M[]): Material<M> {
  return { candidates: async () => loaded, accepted() {}, refused() {}, loaded };
}

/** The content of a file. The code that reads files is loaded now. */
export function materialOfFile<M>(
  open: (files: typeof import('./file-material.ts')) => Material<M>,
): Material<M> {
  const part = loadPart(async () => open(await import('./file-material.ts')));
  return {
    candidates: async () => (await part.loading).candidates(),
    accepted: (one) => part.loaded?.accepted(one),
    refused: (one) => part.loaded?.refused(one),
    get loaded() {
      return part.loaded?.loaded ?? [];
    },
  };
}
