import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

function compile(project: string) {
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  return spawnSync(process.execPath, [tsc, '--singleThreaded', '-p', project], {
    cwd: ROOT,
    encoding: 'utf8',
  });
}

// By the declarations that were built, as applications have them. What must not compile is marked: a mark that is not needed is
// an error, too.
test('an app that says what its claims are has them typed everywhere', () => {
  const { status, stdout } = compile('test/types/app');
  assert.equal(stdout, '');
  assert.equal(status, 0);
});

test('handlers as people have them compile unchanged behind a guard of each framework', () => {
  const { status, stdout } = compile('test/types/handlers');
  assert.equal(stdout, '');
  assert.equal(status, 0);
});

for (const [whose, project] of [
  ["keycloak-connect's own types", 'original'],
  ['those of @keycloak-guard/connect', 'drop-in'],
] as const) {
  test(`an application on keycloak-connect compiles with ${whose}`, () => {
    const { status, stdout } = compile(`test/types/old-app/${project}.json`);
    assert.equal(stdout, '');
    assert.equal(status, 0);
  });
}
