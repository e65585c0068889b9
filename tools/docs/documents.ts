import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** A fenced block of a document. */
export interface CodeBlock {
  readonly file: string;
  /** Line of the first line inside. */
  readonly line: number;
  /** `ts`, `sh`, `console`, … */
  readonly language: string;
  /** What stands behind the language. */
  readonly info: string;
  readonly text: string;
}

/** Every Markdown file of the project, relative to its root: beside a package.json, `docs/` with its folders, and what is read with them. */
export function documents(): string[] {
  const inDocs = readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' });
  const packages = readdirSync(join(ROOT, 'packages')).map((name) => `packages/${name}/README.md`);
  const elsewhere = [
    'skills/keycloak-guard/SKILL.md',
    'test/README.md',
    'tools/release/README.md',
    'lab/bench/RESULTS.md',
    'lab/reliability/RESULTS.md',
  ];
  return [
    ...readdirSync(ROOT),
    ...packages,
    ...elsewhere,
    ...inDocs.map((file) => `docs/${file.replaceAll('\\', '/')}`),
  ]
    .filter((file) => file.endsWith('.md'))
    .sort();
}

export function codeBlocks(file: string): CodeBlock[] {
  const text = readFileSync(join(ROOT, file), 'utf8');
  return [...text.matchAll(/^```(\w+)?(.*)\n([\s\S]*?)^```$/gm)].map(
    ({ index, 1: language = '', 2: info = '', 3: inside = '' }) => ({
      file,
      line: text.slice(0, index).split('\n').length + 1,
      language,
      info: info.trim(),
      text: inside,
    }),
  );
}

/** Imports of this package that TypeScript blocks show, as they are written, each once. */
export function documentedImports(packageName: string): string[] {
  const pattern = new RegExp(
    `^import [^;'"]*from ['"]${packageName}(?:/[^'"]+)?['"](?: with [^;]+)?;?$`,
    'gm',
  );
  const found = documents()
    .flatMap(codeBlocks)
    .filter(({ language }) => ['ts', 'js', 'mjs', 'typescript', 'javascript'].includes(language))
    .flatMap(({ text }) => text.match(pattern) ?? []);
  return [...new Set(found)].sort();
}
