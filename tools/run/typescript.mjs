/** Packages of this repository import one another's sources, not what was last built. */
const SOURCE = '--conditions=@keycloak-guard/source';

/** From 22.18 on, Node reads TypeScript itself, but none below `node_modules`. */
const canReadTypeScript = Boolean(process.features.typescript);
const STRIP = ['--import', new URL('strip-types.mjs', import.meta.url).href];

/** Flags with which every Node runs a user's TypeScript, wherever the file is, on the packages as they were built last. */
export const TYPESCRIPT_OF_USERS = canReadTypeScript ? ['--import', import.meta.resolve('tsx')] : STRIP;

/** Flags with which every Node runs TypeScript, wherever the file is. */
export const TYPESCRIPT_ANYWHERE = [SOURCE, ...TYPESCRIPT_OF_USERS];

/** Flags with which Node runs TypeScript of this repository. */
export const TYPESCRIPT = canReadTypeScript ? [SOURCE] : [SOURCE, ...STRIP];

/** For a file that a process is about to run: what reads TypeScript is then not loaded there, which takes longer than most programs. */
export async function prepare(path) {
  if (!canReadTypeScript) await (await import('./strip-types-hook.mjs')).withoutTypes(path);
}
