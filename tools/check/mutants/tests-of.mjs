// Which test files load a source, the nearest first.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

const IMPORT = /(?:\bfrom|\bimport)\s*\(?\s*'([^']+)'/g;
/** A test that runs what is shipped. */
const SHIPPED = /packages\/(\w+)\/dist\/main\.js/g;
/** They need another program, or build and install first. */
const LEFT_OUT =
  /^test\/(?:keycloak|containers|browser|redis|deploy|shipped|create|docs|cost|builds|runtimes|adapters\/mounted)/;

const listed = (root, folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => join(folder, file));

/** @param {string} root of the repository */
export function createTestsOf(root) {
  const sources = readdirSync(join(root, 'packages')).flatMap((name) =>
    existsSync(join(root, 'packages', name, 'src')) ? listed(root, `packages/${name}/src`) : [],
  );
  const tests = [...listed(root, 'test'), ...listed(root, 'examples')];
  const byName = namesOf(root);
  /** Who imports a file. */
  const importers = new Map();
  for (const file of [...sources, ...tests]) {
    const text = readFileSync(join(root, file), 'utf8');
    const imports = [...text.matchAll(IMPORT)].map(([, name]) =>
      name.startsWith('.') ? join(dirname(file), name) : byName.get(name),
    );
    const runs = [...text.matchAll(SHIPPED)].map(([, name]) => `packages/${name}/src/main.ts`);
    for (const target of new Set([...imports, ...runs]))
      if (target !== undefined) importers.set(target, [...(importers.get(target) ?? []), file]);
  }

  /** @param {string} source relative to the root @returns {string[]} test files, the nearest first */
  return (source) => {
    const steps = new Map([[source, 0]]);
    for (const [file, step] of steps)
      for (const one of importers.get(file) ?? []) if (!steps.has(one)) steps.set(one, step + 1);
    const words = source.replace(/^packages\/\w+\/src\/|\.ts$/g, '').split(/[/-]/);
    // Many are as near as the index of a room: then a test that is named alike comes first, the more the deeper the name.
    const likeness = (test) => words.reduce((sum, word, at) => (test.includes(word) ? sum + at + 1 : sum), 0);
    return [...steps.keys()]
      .filter((file) => file.endsWith('.test.ts') && !LEFT_OUT.test(file))
      .sort((a, b) => likeness(b) - likeness(a) || steps.get(a) - steps.get(b) || (a < b ? -1 : 1));
  };
}

/** What a name of our packages means in sources. */
function namesOf(root) {
  const names = new Map();
  for (const folder of readdirSync(join(root, 'packages'))) {
    const path = join(root, 'packages', folder, 'package.json');
    if (!existsSync(path)) continue;
    const { name, exports = {} } = JSON.parse(readFileSync(path, 'utf8'));
    for (const [entry, target] of Object.entries(exports)) {
      const source = target['@keycloak-guard/source'];
      if (source !== undefined) names.set(join(name, entry), relative(root, join(dirname(path), source)));
    }
  }
  return names;
}
