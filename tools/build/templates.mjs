// The templates of create-keycloak-guard in both languages: as they are, and as JavaScript, which is the same without types.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { transformSync as removeTypes } from '@swc/wasm-typescript';
import { format } from 'prettier';

/** What npm leaves out of a package, or a person's tools: never a part of a template. */
const STRAY = /(^|\/)(node_modules|\.DS_Store)(\/|$)/;

/** What there is in no other language: parameter decorators, and what tells TypeScript how to read a project. */
const ONLY_TYPESCRIPT = /^nest\/|(^|\/)tsconfig[\w.]*$/;

/** As this repository is formatted. */
const STYLE = { parser: 'babel', printWidth: 110, singleQuote: true };

/** @param {string} from @param {string} to a folder of `dist`, written anew */
export async function buildTemplates(from, to) {
  rmSync(to, { recursive: true, force: true });
  const files = readdirSync(from, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(from, join(entry.parentPath, entry.name)))
    .filter((file) => !STRAY.test(file));
  for (const file of files) {
    const text = readFileSync(join(from, file), 'utf8');
    write(join(to, 'ts', file), text);
    if (!ONLY_TYPESCRIPT.test(file))
      write(join(to, 'js', toJavaScriptName(file)), await toJavaScript(file, text));
  }
}

const toJavaScriptName = (file) => file.replace(/\.ts(x?)$/, '.js$1');

async function toJavaScript(file, text) {
  const named = text.replace(/(['"]\.{0,2}\/[^'"\n]*)\.ts(x?)(?=['"])/g, '$1.js$2');
  if (!/\.tsx?$/.test(file)) return named;
  const parser = { syntax: 'typescript', tsx: file.endsWith('x') };
  const { code } = removeTypes(named, { mode: 'strip-only', parser });
  // Types leave gaps.
  return format(code.replace(/^(import \w+), \{\s*\} from/gm, '$1 from'), STYLE);
}

function write(file, text) {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}
