// Preloaded where Node does not read TypeScript itself: it removes the types, as Node from 22.18 on does.
//
// Types become blanks: lines and columns stay, so neither stacks nor coverage need a source map. What was read once is kept
// below node_modules/.cache for all processes, which start in two thirds of the time that they take with tsx.
import { register } from 'node:module';

register('./strip-types-hook.mjs', import.meta.url);
