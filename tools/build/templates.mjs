// The templates of create-keycloak-guard in both languages: as they are, and as JavaScript, which is the same without types.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { transformSync as removeTypes } from '@swc/wasm-typescript';

const biome = createRequire(import.meta.url).resolve('@biomejs/biome/bin/biome');
/** What npm leaves out of a package, or a person's tools: never a part of a template. */
const STRAY = /(^|\/)(node_modules|\.DS_Store)(\/|$)/;

/** What there is in no other language: parameter decorators, and what tells TypeScript how to read a project. */
const ONLY_TYPESCRIPT = /^nest\/|(^|\/)tsconfig[\w.]*$/;

/** @param {string} from @param {string} to a folder of `dist`, written anew */
export function buildTemplates(from, to) {
  rmSync(to, { recursive: true, force: true });
  const files = readdirSync(from, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(from, join(entry.parentPath, entry.name)))
    .filter((file) => !STRAY.test(file));
  for (const file of files) {
    const text = readFileSync(join(from, file), 'utf8');
    write(join(to, 'ts', file), text);
    if (!ONLY_TYPESCRIPT.test(file)) write(join(to, 'js', toJavaScriptName(file)), toJavaScript(file, text));
  }
  // Types leave gaps.
  execFileSync(process.execPath, [biome, 'format', '--write', '--vcs-enabled=false', join(to, 'js')], {
    stdio: 'pipe',
  });
}

const toJavaScriptName = (file) => file.replace(/\.ts(x?)$/, '.js$1');

function toJavaScript(file, text) {
  const named = text.replace(/(['"]\.{0,2}\/[^'"\n]*)\.ts(?=['"])/g, '$1.js');
  if (!/\.tsx?$/.test(file)) return named;
  const parser = { syntax: 'typescript', tsx: file.endsWith('x') };
  const { code } = removeTypes(named, { mode: 'strip-only', parser });
  return code.replace(/^(import \w+), \{\s*\} from/gm, '$1 from');
}

function write(file, text) {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}
