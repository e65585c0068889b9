import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathOfDocument } from '../../packages/server/src/config/files.ts';
import { SETTINGS } from '../../packages/server/src/config/settings.ts';
import { ConfigError, loadConfig } from '../../packages/server/src/index.ts';
import { makeFolder } from '../support/folder.ts';
import { GOOD } from './service.ts';

test('of a keycloak.json texts are taken, and what is none of them is not there', (t) => {
  const whole = { realm: 'r', 'auth-server-url': 'https://sso.example.com', resource: 'api' };
  const cwd = makeFolder(t);
  for (const [more, missing] of [
    [{ credentials: { secret: 's' } }, undefined],
    [{}, 'KEYCLOAK_CLIENT_SECRET'],
    [{ credentials: null }, 'KEYCLOAK_CLIENT_SECRET'],
    [{ credentials: 'secret' }, 'KEYCLOAK_CLIENT_SECRET'],
    [{ credentials: { secret: '' } }, 'KEYCLOAK_CLIENT_SECRET'],
    [{ credentials: { secret: 's' }, realm: '' }, 'KEYCLOAK_REALM'],
    [{ credentials: { secret: 's' }, realm: 7 }, 'KEYCLOAK_REALM'],
  ] as const) {
    writeFileSync(join(cwd, 'k.json'), JSON.stringify({ ...whole, ...more }));
    const load = () => loadConfig({ env: { KEYCLOAK_CONFIG_FILE: 'k.json' }, cwd });
    if (missing === undefined) assert.equal(load().clientSecret, 's');
    else
      assert.throws(
        load,
        ({ problems }: ConfigError) => problems.length === 1 && problems[0]?.name === missing,
        JSON.stringify(more),
      );
  }
});

test('a mistake says where its settings were looked for, and the documents as they are reached from here', (t) => {
  const cwd = makeFolder(t);
  const end = (env: Record<string, string>) => {
    try {
      loadConfig({ env: { ...GOOD, PORT: 'x', ...env }, cwd });
    } catch (error) {
      return (error as Error).message.split('Looked in the environment and in ')[1];
    }
    return assert.fail();
  };
  const documents = 'All settings: .env.example, docs/settings.md';
  assert.equal(end({}), `.env (does not exist). ${documents}`);
  writeFileSync(join(cwd, 'k.json'), '{}');
  assert.equal(end({ KEYCLOAK_CONFIG_FILE: 'k.json' }), `.env (does not exist) and k.json. ${documents}`);
  writeFileSync(join(cwd, '.env'), '');
  assert.equal(end({}), `.env. ${documents}`);
  const root = process.cwd();
  t.mock.method(process, 'cwd', () => cwd);
  assert.equal(
    end({}),
    `.env. All settings: ${join(root, '.env.example')}, ${join(root, 'docs/settings.md')}`,
  );
  assert.equal(pathOfDocument('none.md'), 'none.md of keycloak-guard');
});

test('a .env that nobody named is read up to a mebibyte, one that is named whole', (t) => {
  const text = `PORT=1234\n${'#'.repeat(1024 * 1024)}`;
  const cwd = makeFolder(t, { '.env': text, 'named.env': text });
  assert.throws(() => loadConfig({ env: GOOD, cwd }), {
    message: /^\.env cannot be read \(it has more than 1 MiB\)/,
  });
  assert.equal(loadConfig({ env: GOOD, cwd, envFile: 'named.env' }).port, 1234);
});

test('the example of a mistake is the value that was meant, where that can be guessed', (t) => {
  for (const [value, example] of [
    ['https://sso.example.com/realms/shop', 'https://sso.example.com'],
    ['ftp://h', SETTINGS.KEYCLOAK_SERVER_URL.example],
  ] as const)
    assert.throws(
      () => loadConfig({ env: { ...GOOD, KEYCLOAK_SERVER_URL: value }, cwd: makeFolder(t) }),
      (error) => error instanceof ConfigError && error.problems[0]?.example === example,
    );
});

test('a value of a file that somebody else wrote gives a terminal nothing to obey', () => {
  const env = { ...GOOD, HOST: 'x\u001b]0;all is well\u0007\u009b2J\u202e', LOG_LEVEL: 'in\rfo' };
  assert.throws(
    () => loadConfig({ cwd: '/nonexistent', env }),
    ({ message }: Error) => {
      assert.doesNotMatch(message, /[^\P{C}\n]/u);
      assert.match(message, /HOST is 'x .*all is well/);
      return true;
    },
  );
});
