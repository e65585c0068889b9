import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const CACHE = fileURLToPath(new URL('../../node_modules/.cache/stripped/', import.meta.url));
/** A module that is to run once more has another query. */
const TYPESCRIPT = /\.m?ts(\?\d+)?$/;
const DIGEST_LENGTH = 40;

let remover;
/** What a name means in a folder. */
const resolved = new Map();

mkdirSync(CACHE, { recursive: true });

export async function resolve(specifier, context, next) {
  const { parentURL } = context;
  if (/^\.\.?\//.test(specifier) && TYPESCRIPT.test(specifier) && parentURL?.startsWith('file:'))
    return { url: new URL(specifier, parentURL).href, format: 'module', shortCircuit: true };
  if (parentURL === undefined || /^[./]|:/.test(specifier) || !TYPESCRIPT.test(parentURL))
    return next(specifier, context);
  const key = `${specifier} ${new URL('.', parentURL)}`;
  const known = resolved.get(key);
  if (known !== undefined) return known;
  const found = { ...(await next(specifier, context)), shortCircuit: true };
  resolved.set(key, found);
  return found;
}

/** Node would read modules of packages through its pool of threads, which takes longer than all else here. */
export async function load(url, context, next) {
  if (TYPESCRIPT.test(url))
    return { format: 'module', source: await withoutTypes(fileURLToPath(url)), shortCircuit: true };
  if (context.format !== 'module' || !url.startsWith('file:')) return next(url, context);
  return { format: 'module', source: readFileSync(new URL(url), 'utf8'), shortCircuit: true };
}

/** Kept for every process that reads the same file. */
export async function withoutTypes(path) {
  const source = readFileSync(path);
  const digest = createHash('sha1').update(source).digest('hex');
  const kept = `${CACHE}${createHash('sha1').update(path).digest('hex')}`;
  try {
    const there = readFileSync(kept, 'utf8');
    if (there.startsWith(digest)) return there.slice(DIGEST_LENGTH);
  } catch {
    // Read for the first time.
  }
  remover ??= await import('@swc/wasm-typescript');
  const { code } = remover.transformSync(source.toString(), { mode: 'strip-only', filename: path });
  writeFileSync(`${kept}.${process.pid}`, digest + code);
  renameSync(`${kept}.${process.pid}`, kept);
  return code;
}
