// Every program of README.md, docs/start.md and docs/frameworks/ is checked by TypeScript, as users have it checked: by the declarations
// that were built, which takes half as long as by the sources. Together, for to read declarations takes longer than all programs.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { after, test } from 'node:test';
import { codeBlocks } from '../../tools/docs/documents.ts';
import { ROOT } from '../repo/source-imports.ts';

const FOLDER = join(ROOT, `node_modules/.cache/program-types-${process.pid}`);
const PAGES = [
  ...['README.md', 'docs/start.md'],
  ...readdirSync(join(ROOT, 'docs/frameworks')).map((page) => `docs/frameworks/${page}`),
];
const programs = PAGES.flatMap((page) =>
  codeBlocks(page)
    .filter(({ language, info }) => language === 'ts' && info !== '')
    .map(({ line, info, text }) => ({
      name: `${basename(page)}-${line}-${info.replace('.mts', '')}.mts`,
      text,
    })),
);

after(() => rmSync(FOLDER, { recursive: true, force: true }));

test('the programs of the pages are right for TypeScript', () => {
  assert.ok(programs.length >= 32, `${programs.length}`);
  mkdirSync(FOLDER, { recursive: true });
  for (const { name, text } of programs) writeFileSync(join(FOLDER, name), text);
  // Yoga says for a whole program what an error may carry, and Apollo's carry something else.
  const [yoga, others] = [true, false].map((isYoga) =>
    programs.map(({ name }) => name).filter((name) => name.endsWith('-yoga.mts') === isYoga),
  );
  assert.equal(yoga?.length, 1);
  for (const files of [yoga, others]) {
    const options = { extends: join(ROOT, 'tsconfig.json'), compilerOptions: { customConditions: [] } };
    writeFileSync(join(FOLDER, 'tsconfig.json'), JSON.stringify({ ...options, include: [], files }));
    // In one thread: each of several would look at the same declarations.
    const tsc = [join(ROOT, 'node_modules/typescript/bin/tsc'), '--singleThreaded', '-p', FOLDER];
    const { status, stdout } = spawnSync(process.execPath, tsc, { encoding: 'utf8' });
    assert.equal(status, 0, stdout);
  }
});
