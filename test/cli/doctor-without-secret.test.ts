import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { startTestIdp } from '../support/dev-idp.ts';
import { runInProcess } from './support/in-process.ts';
import { emptyFolder } from './support/program.ts';

const idp = await startTestIdp();
after(() => idp.close());

/** Runs the doctor in a folder of its own, with what it reads on standard input. */
async function runDoctor(args: string[], env: Record<string, string> = {}, input = '', dotEnv = '') {
  const folder = emptyFolder();
  if (dotEnv !== '') writeFileSync(join(folder, '.env'), dotEnv, { mode: 0o600 });
  const { stdout } = await runInProcess(['doctor', ...args, '--json'], env, folder, input);
  const { checks } = JSON.parse(stdout) as {
    checks: { id: string; status: string; seen: string; cause: string; fix: string }[];
  };
  return new Map(checks.map((one) => [one.id, one]));
}

test('--token - alone reads a token and judges it, and sends it nowhere', async () => {
  const token = await idp.issueToken();
  const good = await runDoctor(['--token', '-'], {}, token);
  assert.match(
    good.get('settings.valid')?.seen ?? '',
    /none are set; as the token says: http.*realm testing/,
  );
  assert.match(good.get('token.content')?.seen ?? '', /; client roles .*; groups /);
  assert.match(good.get('token.accepted')?.cause ?? '', /own client 'fastapi-keycloak' was taken/);
  assert.deepEqual(
    ['token.accepted', 'token.session'].map((id) => good.get(id)?.status),
    ['warn', 'skipped'],
  );
  const changed = await runDoctor(['--token', '-'], {}, await idp.issueToken({ key: 'broken' }));
  assert.equal(changed.get('token.accepted')?.status, 'fail');
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const noUri = `${part({ alg: 'RS256' })}.${part({ iss: `${idp.url}/realms/%` })}.c2ln`;
  assert.equal((await runDoctor(['--token', '-'], {}, noUri)).get('realm.exists')?.status, 'fail');
});

test('a doctor without a secret looks at all that needs none', async () => {
  const found = await runDoctor([], {
    KEYCLOAK_SERVER_URL: idp.url,
    KEYCLOAK_REALM: 'testing',
    KEYCLOAK_CLIENT_ID: 'fastapi-keycloak',
  });
  for (const id of ['settings.valid', 'address.keycloak', 'keys.signing', 'client.known', 'client.enabled'])
    assert.equal(found.get(id)?.status, 'ok', id);
  for (const id of ['settings.secret', 'client.secret', 'client.introspection'])
    assert.equal(found.get(id)?.status, 'skipped', id);
  assert.deepEqual(
    [...found.values()].filter(({ status }) => status === 'fail'),
    [],
  );
});

test('settings of a .env that serve refuses are not valid for the doctor', async () => {
  const env = {
    ...{ KEYCLOAK_REALM: 'testing', KEYCLOAK_CLIENT_ID: 'fastapi-keycloak', KEYCLOAK_CLIENT_SECRET: 'mine' },
    KEYCLOAK_SERVER_URL: 'http://0.0.0.0:9',
  };
  const settings = 'PUBLIC_URL=https://api.example\nTOKEN_CHECK=local\n';
  const valid = async (args: string[], more: Record<string, string> = env, input = '') =>
    (await runDoctor(args, more, input, settings)).get('settings.valid');
  const refused = await valid([]);
  assert.equal(refused?.status, 'fail');
  assert.match(refused?.cause ?? '', /and TOKEN_CHECK, PUBLIC_URL from \.env, a file that you did not name/);
  assert.match(refused?.fix ?? '', /^If that is right, name the file: keycloak-guard serve --env \.env/);
  assert.equal((await valid(['--env', '.env']))?.status, 'ok');
  // What the doctor puts in itself is no word of the environment.
  const token = await idp.issueToken();
  assert.equal((await valid(['--token', '-'], {}, token))?.status, 'ok');
});
