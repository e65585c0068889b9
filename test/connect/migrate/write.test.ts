import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { projectOf, runCli } from './migrate-project.ts';

const SETTINGS = "realm: 'shop', 'auth-server-url': 'http://localhost:8080', resource: 'orders'";
const MADE = `const keycloak = new Keycloak({}, { ${SETTINGS}, credentials: { secret: 's' } });\n`;
const ARCHIVES = {
  'archives/keycloak-guard-0.1.0.tgz': '',
  'archives/keycloak-guard-connect-0.1.0.tgz': '',
};

test('--write names the archives that are in a folder, and writes nothing without', async (t) => {
  const files = {
    'shop/package.json': JSON.stringify({ dependencies: { 'keycloak-connect': 'workspace:*' } }),
    'shop/app.js': `const Keycloak = require('keycloak-connect');\n${MADE}`,
    ...ARCHIVES,
  };
  const folder = await projectOf(t, files);
  const read = async (file: string) => readFile(join(folder, file), 'utf8');
  const refused = await runCli(['migrate', folder, '--write']);
  assert.equal(refused.code, 2);
  const empty = await runCli(['migrate', folder, '--write', join(folder, 'shop')]);
  assert.equal(empty.code, 2);
  assert.match(
    empty.stderr,
    /^migrate: \S+ lacks keycloak-guard-connect-0\.1\.0\.tgz and keycloak-guard-0\.1\.0\.tgz: /,
  );
  for (const file of ['shop/package.json', 'shop/app.js'] as const)
    assert.equal(await read(file), files[file]);

  const { stdout, code } = await runCli(['migrate', folder, '--write', join(folder, 'archives')]);
  assert.equal(code, 0);
  assert.match(stdout, /\n## Next\n\n1\. Install it as usual/);
  assert.deepEqual(JSON.parse(await read('shop/package.json')), {
    dependencies: {
      '@keycloak-guard/connect': 'file:../archives/keycloak-guard-connect-0.1.0.tgz',
      'keycloak-guard': 'file:../archives/keycloak-guard-0.1.0.tgz',
    },
  });
});

test('--write removes the types of the old package, and leaves keycloak-guard where production finds it', async (t) => {
  const folder = await projectOf(t, {
    'package.json': JSON.stringify({
      dependencies: { 'keycloak-connect': '^26.1.1' },
      devDependencies: {
        '@types/keycloak-connect': '^7.0.0',
        'keycloak-guard': 'file:archives/keycloak-guard-0.1.0.tgz',
        tsx: '^4',
      },
    }),
    'tools/package.json': JSON.stringify({ devDependencies: { 'keycloak-connect': '^26.1.1' } }),
    'other/package.json': JSON.stringify({ devDependencies: { '@types/keycloak-connect': '^7.0.0' } }),
    ...ARCHIVES,
    'app.js': `const Keycloak = require('keycloak-connect');\n${MADE}`,
  });
  assert.equal((await runCli(['migrate', folder, '--write', join(folder, 'archives')])).code, 0);
  const [main, tools, other] = await Promise.all(
    ['package.json', 'tools/package.json', 'other/package.json'].map(async (file) =>
      JSON.parse(await readFile(join(folder, file), 'utf8')),
    ),
  );
  assert.deepEqual(Object.keys(main.dependencies), ['@keycloak-guard/connect', 'keycloak-guard']);
  assert.deepEqual(Object.keys(main.devDependencies), ['tsx']);
  assert.deepEqual(Object.keys(tools.devDependencies), ['@keycloak-guard/connect', 'keycloak-guard']);
  assert.deepEqual(other.devDependencies, {});
});
