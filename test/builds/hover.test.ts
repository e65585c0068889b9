import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

const SOURCES = new URL('../../packages/guard/src/', import.meta.url);
const DECLARATIONS = new URL('../../packages/guard/dist/cjs/', import.meta.url);
const INTERFACE = /^export interface (\w+)[^{]*\{\n[\s\S]*?^}/gm;

/** How many comments the members of each interface have. */
function commentsIn(text: string): Map<string, number> {
  return new Map(
    [...text.matchAll(INTERFACE)].map(([all, name = '']) => [name, all.match(/^\s+\/\*\*/gm)?.length ?? 0]),
  );
}

test('what the sources say of the members of an interface, an editor shows to who has the package', () => {
  let interfaces = 0;
  const silent = [];
  for (const file of readdirSync(DECLARATIONS, { recursive: true, encoding: 'utf8' })) {
    const source = new URL(file.replace(/\.d\.ts$/, '.ts'), SOURCES);
    if (!file.endsWith('.d.ts') || !existsSync(source)) continue;
    const written = commentsIn(readFileSync(source, 'utf8'));
    for (const [name, count] of commentsIn(readFileSync(new URL(file, DECLARATIONS), 'utf8'))) {
      interfaces++;
      if (count < (written.get(name) ?? 0)) silent.push(`${file}: ${name}`);
    }
  }
  assert.ok(interfaces > 100, `${interfaces} interfaces`);
  assert.deepEqual(silent, []);
});
