import assert from 'node:assert/strict';
import { test } from 'node:test';
import { packageVersion } from '../../packages/cli/src/version.ts';
import { startFakeKeycloak } from '../admin/fake-keycloak.ts';
import { runInProcess } from './support/in-process.ts';

test('setup reads passwords from the standard input, one a line: the first is that of the admin', async (t) => {
  const keycloak = await startFakeKeycloak();
  t.after(() => keycloak.close());
  const args = ['setup', 'guide', '--no-env', '--yes', '--url', keycloak.url, '--realm', 'main'];
  const names = [
    '--admin-user',
    'admin',
    '--admin-password-stdin',
    '--user',
    'sara',
    '--user-password-stdin',
  ];
  const { stderr } = await runInProcess([...args, ...names], {}, undefined, 'admin\nUser#Pass1\nmore\n');
  assert.equal(stderr, '');
  const sara = keycloak.realms.get('main')?.lists.users.find(({ username }) => username === 'sara');
  assert.deepEqual(sara?.credentials, [{ type: 'password', value: 'User#Pass1', temporary: false }]);
});

test('what is no command is answered with the help: on the standard output where it was asked for', async () => {
  const say = async (...args: string[]) => {
    const { code, stdout, stderr } = await runInProcess(args);
    return [code, stdout.split('\n')[0], stderr.split('\n')[0]];
  };
  const head = 'keycloak-guard: secure HTTP APIs with Keycloak';
  assert.deepEqual(await say(), [2, head, '']);
  for (const asked of ['help', '--help', '-h']) assert.deepEqual(await say(asked), [0, head, '']);
  for (const asked of ['--version', '-v']) assert.deepEqual(await say(asked), [0, packageVersion(), '']);
  assert.deepEqual(await say('help', 'nothing'), [0, head, '']);
  assert.deepEqual(await say('doctor', '-h'), await say('help', 'doctor'));
  assert.match(String((await say('doctor', '-h'))[1]), /^keycloak-guard doctor: /);
  assert.deepEqual(await say('toString'), [2, '', "keycloak-guard: there is no command 'toString'"]);
});
