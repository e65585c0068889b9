import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readApiOptions } from '../../packages/cli/src/setup/api/options.ts';
import { emptyFolder } from './support/program.ts';

type Read = Awaited<ReturnType<typeof readApiOptions>>;

const read = (kind: string, args = '', env: Record<string, string> = {}): Promise<Read> =>
  readApiOptions(['--no-env', ...args.split(' ').filter(Boolean)], env, { kind } as never);

test('what a kind of setup is for decides what it makes, and what it writes', async () => {
  const seen = async (kind: string, args?: string, env?: Record<string, string>) => {
    const { shape, withoutUser, writesAppUrl, writesSession } = await read(kind, args, env);
    return [shape, withoutUser, writesAppUrl, writesSession];
  };
  assert.deepEqual(await seen('guide'), ['guide', false, false, true]);
  assert.deepEqual(await seen('guide', '--app http://a.test'), ['guide', false, true, true]);
  const there = { PUBLIC_URL: 'http://b.test' };
  assert.deepEqual(await seen('guide', '', there), ['guide', false, false, true]);
  assert.deepEqual(await seen('guide', '--app http://a.test', there), ['guide', false, false, true]);
  assert.deepEqual(await seen('guide', '', { SESSION_SECRET: 'k' }), ['guide', false, false, false]);
  assert.deepEqual(await seen('guide', '--no-user'), ['guide', true, false, true]);
  assert.deepEqual(await seen('web'), ['web', false, true, true]);
  assert.deepEqual(await seen('web', '--app http://{tenant}.a.test'), ['web', false, false, true]);
  assert.deepEqual(await seen('api'), ['api', true, false, false]);
  assert.deepEqual(await seen('api', '--user anna'), ['api', false, false, false]);
  assert.deepEqual(await seen('app', '--app http://a.test'), ['api', false, false, false]);
});

test('what nobody asks setup for is not done', async () => {
  const plain = await read('guide');
  const { enable, overwriteEnv, dryRun, yes, user, backchannelLogoutUrl, appUrl, isAppUrlGuessed } = plain;
  assert.deepEqual([enable, overwriteEnv, dryRun, yes, user.resetPassword], Array(5).fill(false));
  assert.deepEqual([appUrl, isAppUrlGuessed], ['http://localhost:8000', true]);
  assert.deepEqual(backchannelLogoutUrl, {
    ...{ url: 'http://localhost:8000/backchannel-logout', replace: false },
  });
  assert.deepEqual(
    [plain.organizations, plain.provenBy, plain.clientSecret],
    [undefined, undefined, undefined],
  );
  const asked = await read(
    'guide',
    '--enable --overwrite-env --yes --user anna --reset-password --app http://a.test --backchannel-url http://b.test/out',
  );
  assert.deepEqual(
    [asked.enable, asked.overwriteEnv, asked.dryRun, asked.yes, asked.user.resetPassword],
    [true, true, false, true, true],
  );
  assert.deepEqual(asked.backchannelLogoutUrl, { url: 'http://b.test/out', replace: true });
  assert.equal(asked.isAppUrlGuessed, false);
  // Where a plan is only shown, nobody has agreed to it.
  const shown = await read('guide', '--yes --dry-run');
  assert.deepEqual([shown.dryRun, shown.yes], [true, false]);
});

test('an address of the application is known by its setting or its port, too', async () => {
  for (const [env, appUrl, isGuessed] of [
    [{ PORT: '9000' }, 'http://localhost:9000', false],
    [{ PUBLIC_URL: 'https://api.test', PORT: '9000' }, 'https://api.test', false],
  ] as const) {
    const options = await read('guide', '', env);
    assert.deepEqual([options.appUrl, options.isAppUrlGuessed], [appUrl, isGuessed]);
  }
});

test('of organizations, what is asked for is in the tokens', async () => {
  for (const [args, expected] of [
    ['--organizations', { groups: false, ids: false }],
    ['--organization-groups', { groups: true, ids: false }],
  ] as const)
    assert.deepEqual((await read('api', args)).organizations, expected);
});

test('a secret that is no placeholder is kept, and a key in use is what the client is tried with', async () => {
  const secret = await read('api', '', { KEYCLOAK_CLIENT_SECRET: 'mine' });
  assert.deepEqual([secret.clientSecret, secret.secretSource], ['mine', undefined]);
  assert.equal((await read('api', '', { KEYCLOAK_CLIENT_SECRET: 'change-me' })).clientSecret, undefined);
  const file = join(emptyFolder(), 'key.pem');
  writeFileSync(file, '-----BEGIN PRIVATE KEY-----\n');
  const { provenBy } = await read('api', '', { KEYCLOAK_CLIENT_KEY_FILE: file });
  assert.deepEqual(provenBy, { keyFile: file });
});

test('setup export sends nothing, so it opens nothing', async () => {
  const { fromStdin, yes } = await readApiOptions([], {}, { kind: 'export' });
  assert.deepEqual([fromStdin, yes], [[], false]);
});
