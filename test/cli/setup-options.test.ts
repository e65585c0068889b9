import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Consent, createConsent } from '../../packages/cli/src/settings/from-folder.ts';
import { table } from '../../packages/cli/src/settings/options.ts';
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

test('what setup sends, and what its plan is made of, is said before a word of a folder is opened', async () => {
  const env = {
    ...{ KEYCLOAK_SERVER_URL: 'https://sso.test', KEYCLOAK_REALM: 'shop', KEYCLOAK_ADMIN_PASSWORD: 'a' },
    ...{ KEYCLOAK_CLIENT_ID: 'api', KEYCLOAK_CLIENT_SECRET: 's', PUBLIC_URL: 'http://a.test' },
    ...{ SETUP_USER: 'anna', SETUP_PASSWORD: 'p' },
  };
  const folder = emptyFolder();
  writeFileSync(
    join(folder, 'auth.ts'),
    "import { keycloak } from 'keycloak-guard/express'; keycloak({ realm: 'a/b', clientId: 'orders' });",
  );
  const told = async (kind: string, args = '', changed: Record<string, string | undefined> = {}) => {
    const [sent, planned]: string[][] = [[], []];
    const own = createConsent({ confirm: async () => true });
    const consent = {
      open(words, sendings) {
        sent?.push(...sendings.map(({ name, as }) => `${name} of ${as}`));
        return own.open(words, sendings);
      },
      judge(words, serverUrl, yes) {
        planned?.push(...words.filter((word) => word !== undefined).map(String));
        return own.judge(words, serverUrl, yes);
      },
    } as Consent;
    const more = table('--plan-for-admin <file> | | its plan');
    const words = ['--no-env', ...args.split(' ').filter(Boolean)];
    const refused = await readApiOptions(words, { ...env, ...changed }, { kind, consent, more }).then(
      () => [],
      (error: Error) => [error.message.replace(/ must .*/s, '')],
    );
    return [sent?.join(', '), planned?.join(' '), ...refused];
  };
  const [admin, secret] = ['KEYCLOAK_ADMIN_PASSWORD of undefined', 'KEYCLOAK_CLIENT_SECRET of api'];
  const where = 'https://sso.test shop';
  const all = `${admin}, SETUP_PASSWORD of anna, ${secret}`;
  assert.deepEqual(await told('guide'), [all, `${where} api s http://a.test anna p`]);
  assert.deepEqual(await told('guide', '--app http://b.test'), [all, `${where} api s anna p`]);
  const noUser = { SETUP_USER: undefined };
  assert.deepEqual(await told('guide', '--no-user', noUser), [
    ...[`${admin}, ${secret}`, `${where} api s http://a.test`],
  ]);
  const byProgram = { KEYCLOAK_REALM: undefined, KEYCLOAK_CLIENT_ID: undefined };
  assert.deepEqual(await told('guide', `--from ${folder}`, byProgram), [
    all.replace('of api', 'of undefined'),
    `https://sso.test (realm of ${folder}/auth.ts) (clientId of ${folder}/auth.ts) s http://a.test anna p`,
  ]);
  // Nothing is sent for a realm file, for the plan of an administrator, or by who said something wrong.
  assert.deepEqual(await told('export'), ['', '']);
  assert.deepEqual(await told('guide', '--plan-for-admin p.sh'), ['', '']);
  for (const kind of ['export', 'guide'])
    assert.deepEqual(await told(kind, '--realm a/b'), ['', '', '--realm (KEYCLOAK_REALM)']);
  assert.deepEqual(await told('export', `--from ${folder}`, byProgram), ['', '', '--realm (KEYCLOAK_REALM)']);
});

test('what is asked for in lists is taken whole, and a credential that is chosen is there', async () => {
  const { realmRoles, clientRoles, groups, scopes, credential } = await read(
    'api',
    '--role a --role b --client-role c --group /d --scope e:f --credential secret',
  );
  assert.deepEqual([realmRoles, clientRoles, groups, scopes], [['a', 'b'], ['c'], ['/d'], ['e:f']]);
  assert.equal(credential?.goal.type, 'secret');
});
