import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readDoctorOptions } from '../../packages/cli/src/doctor/options.ts';
import { emptyFolder } from './support/program.ts';

const KEYCLOAK = { KEYCLOAK_SERVER_URL: 'http://127.0.0.1:9', KEYCLOAK_REALM: 'main' };

const read = (args = '', env: Record<string, string> = {}, token = '') =>
  readDoctorOptions(
    ['--env', 'none.env', ...args.split(' ').filter(Boolean)],
    { ...KEYCLOAK, ...env },
    {
      readToken: async () => token,
    },
  );

test('what nobody asks the doctor for is not looked at, and nothing is changed', async () => {
  const { json, fix, enable, yes, readsPassword, isAppUrlExplicit, authz, explain, ...more } = await read();
  assert.deepEqual([json, fix, enable, yes, readsPassword, isAppUrlExplicit, authz], Array(7).fill(false));
  const { token, admin, username, password, serviceUrl, protectedUrl, acr, wants, authzFiles } = more;
  assert.deepEqual([explain, token, admin, username, password], Array(5).fill(undefined));
  assert.deepEqual([serviceUrl, protectedUrl, acr, wants, authzFiles], [undefined, undefined, [], [], []]);
  assert.deepEqual(
    [more.serverUrl, more.realm, more.envFile, more.isEnvExplicit],
    ['http://127.0.0.1:9', 'main', 'none.env', true],
  );
});

test('what is asked for is looked at', async () => {
  const asked = await read('--json --acr gold --needs role=boss --authz=a.json --app http://a.test:8000');
  assert.deepEqual(
    [asked.json, asked.acr, asked.wants, asked.authz, asked.authzFiles],
    [true, ['gold'], ['role=boss'], true, ['a.json']],
  );
  assert.deepEqual([asked.appUrl, asked.isAppUrlExplicit], ['http://a.test:8000', true]);
  const fix = await read('--fix --yes --enable');
  assert.deepEqual([fix.fix, fix.yes, fix.enable], [true, true, true]);
  assert.equal((await read('--explain')).explain, '-');
  assert.equal((await read('--explain words')).explain, 'words');
});

test('permissions are those of the file that is named, or else of the one beside the settings', async () => {
  const folder = emptyFolder();
  writeFileSync(join(folder, 'authz.json'), '{}');
  const from = (...args: string[]) => readDoctorOptions(['--env', join(folder, '.env'), ...args], KEYCLOAK);
  assert.deepEqual((await from('--authz')).authzFiles, [join(folder, 'authz.json')]);
  assert.deepEqual((await from('--authz', 'mine.json')).authzFiles, ['mine.json']);
  assert.deepEqual((await read('--authz')).authzFiles, []);
});

test('the token of a person goes to a running application that was named, or is on this machine', async () => {
  const of = async (args: string, env = {}) => {
    const { serviceUrl, protectedUrl } = await read(args, env);
    return [serviceUrl, protectedUrl];
  };
  const elsewhere = { PUBLIC_URL: 'http://api.test' };
  const shown = (url: string) => [url, `${url}/protected`];
  assert.deepEqual(await of('--running=http://b.test/', elsewhere), shown('http://b.test'));
  assert.deepEqual(await of('--running', elsewhere), ['http://api.test', undefined]);
  assert.deepEqual(await of('--running --app http://c.test', elsewhere), shown('http://c.test'));
  assert.deepEqual(await of('--running'), shown('http://localhost:8000'));
  assert.deepEqual(await of('', elsewhere), [undefined, undefined]);
});

test('a password is read only with the name of its user, and an admin is a person or a client', async () => {
  const env = { DOCTOR_PASSWORD: 'x' };
  const { username, password } = await read('--user anna', env);
  assert.deepEqual([username, password], ['anna', 'x']);
  assert.equal((await read('--user anna --user-password-stdin')).readsPassword, true);
  const admin = async (args: string, more: Record<string, string> = {}) => (await read(args, more)).admin;
  assert.deepEqual(await admin('--admin-user root', { KEYCLOAK_ADMIN_PASSWORD: 'p' }), {
    ...{ realm: 'master', username: 'root', password: 'p', totp: undefined },
  });
  assert.deepEqual(await admin('--admin-user root --admin-realm main'), {
    ...{ realm: 'main', username: 'root', password: '', totp: undefined },
  });
  assert.deepEqual(await admin('--admin-client-id ops', { KEYCLOAK_ADMIN_CLIENT_SECRET: 's' }), {
    ...{ realm: 'master', clientId: 'ops', clientSecret: 's' },
  });
});

test('a token is read where it is piped in, and an empty one is said to be none', async () => {
  assert.equal((await read('--token -', {}, 'eyJ.a.b')).token, 'eyJ.a.b');
  await assert.rejects(read('--token -', {}, ''), /nothing was piped in for --token -/);
  assert.equal((await read('', {}, 'eyJ.a.b')).token, undefined);
});
