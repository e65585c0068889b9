import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { inspect } from 'node:util';
import { loadAssuming } from '../../packages/cli/src/settings/env-file.ts';
import {
  createConsent,
  FromFolder,
  isSecretSetting,
  type Sending,
} from '../../packages/cli/src/settings/from-folder.ts';
import { UsageError } from '../../packages/cli/src/settings/usage-error.ts';
import { Cancelled } from '../../packages/cli/src/terminal/questions.ts';
import { ConfigError } from '../../packages/server/src/config/index.ts';
import { emptyFolder } from './support/program.ts';

const nobody = createConsent(undefined);

/** A word of a `.env` that names this Keycloak, too. */
const word = (name: string, value: string, serverUrl?: string) =>
  new FromFolder(name, value, '.env', serverUrl);

const LOCAL = 'http://localhost:8080';

function sending(more: Partial<Sending>): Sending {
  const own = { serverUrl: 'https://sso.example', realm: 'shop', as: 'ann' };
  return { name: 'DOCTOR_PASSWORD', value: 'mine', ...own, ...more };
}

const isRefused = (error: unknown) =>
  error instanceof UsageError && /Nothing was sent\.\n.*--env \.env/.test(error.message);

test('an address is shown as it is called: letters that look like others, and no credentials', async () => {
  // The о is Cyrillic.
  const address = 'https://me:secret@ssо.example/auth/';
  const serverUrl = word('KEYCLOAK_SERVER_URL', address);
  const { chosen } = nobody.judge([serverUrl], serverUrl, false);
  assert.deepEqual(chosen, ['KEYCLOAK_SERVER_URL=https://xn--ss-gmc.example/auth (.env)']);
  const questions: string[] = [];
  const confirm = async (question: string) => questions.push(question) > 0;
  await createConsent({ confirm }).open({}, [sending({ serverUrl })]);
  assert.match(questions.join(), / to https:\/\/xn--ss-gmc\.example,/);
  assert.doesNotMatch(questions.join(), /secret|о/);
});

test('what is no address of the web is shown as it is written', () => {
  for (const value of ['shop:eu', 'http://', 'shop'])
    assert.deepEqual(nobody.judge([word('KEYCLOAK_REALM', value)], LOCAL, false).chosen, [
      `KEYCLOAK_REALM=${value} (.env)`,
    ]);
});

test('the person is asked where a word of the folder decides who gets what is the person’s, and only there', async () => {
  const realm = word('KEYCLOAK_REALM', 'shop');
  const issuer = 'https://sso.example/realms/shop';
  const elsewhere = { name: 'KEYCLOAK_CLIENT_SECRET_FILE', value: '/etc/hostname' };
  for (const [of, isAsked] of [
    [{ realm, serverUrl: 'no address' }, false],
    [{ realm, serverUrl: undefined }, true],
    [{ realm, issuer }, false],
    [{ realm, issuer, serverUrl: word('KEYCLOAK_SERVER_URL', 'https://sso.example/') }, false],
    [{ realm, issuer: `${issuer}s` }, true],
    [{ realm, name: 'KEYCLOAK_CLIENT_SECRET', value: word('KEYCLOAK_CLIENT_SECRET', '/etc/x') }, false],
    [{ realm, ...elsewhere }, true],
    [{ ...elsewhere, realm: 'shop' }, false],
  ] as const) {
    const questions: string[] = [];
    const consent = createConsent({ confirm: async (question) => questions.push(question) > 0 });
    await consent.open({}, [sending(of)]);
    assert.equal(questions.length, isAsked ? 1 : 0, JSON.stringify(of));
  }
});

test('a yes counts for the user and the realm that it was asked about', async () => {
  const questions: string[] = [];
  const consent = createConsent({ confirm: async (question) => questions.push(question) > 0 });
  for (const as of ['ann', 'bob', 'ann']) await consent.open({}, [sending({ as: word('DOCTOR_USER', as) })]);
  for (const realm of ['shop', 'other', 'other'])
    await consent.open({}, [sending({ realm: word('KEYCLOAK_REALM', realm), as: 'ann' })]);
  assert.deepEqual(
    questions.map((question) => question.replace(/.*realm (.*)\?$/, '$1')),
    ['shop, as ann', 'shop, as bob', 'other, as ann'],
  );
});

test('a refusal says where the secret is from', async () => {
  const file = 'KEYCLOAK_CLIENT_SECRET_FILE';
  for (const [name, value, origin] of [
    ['--admin-password-stdin', undefined, 'the standard input'],
    ['--token', 'x', 'the command line'],
    ['DOCTOR_PASSWORD', 'x', 'the environment'],
    [file, word(file, '/etc/hostname'), 'a file outside of the folder'],
  ] as const)
    await assert.rejects(
      nobody.open({}, [sending({ name, value, realm: word('KEYCLOAK_REALM', 'shop') })]),
      (error: Error) => error.message.startsWith(`${name} is from ${origin}, and KEYCLOAK_REALM from .env,`),
    );
});

test('what a program or authz.json says needs no yes for the Keycloak of this machine', () => {
  const words = [word('realm', 'shop'), word('clientId', 'api'), word('authz.json', '{}')];
  assert.deepEqual(nobody.judge(words, LOCAL, true), { chosen: [], yes: true });
  assert.throws(
    () => nobody.judge(words, 'https://sso.example', true),
    /: realm=shop \(\.env\), clientId=api \(\.env\), authz\.json \(\.env\)\. Nothing was changed\.\n.*say it: --realm shop\n.*say it: --client-id api\n.*name the file: --file \.env$/,
  );
});

test('a setting is secret by its name, or by credentials in its address', () => {
  for (const name of ['API_TOKEN', 'API_TOKENS', 'SIGNING_KEY', 'SIGNING_KEYS', 'DB_PASS', 'DB_PASSWORD'])
    assert.ok(isSecretSetting(name, 'x'), name);
  for (const name of ['KEYCLOAK_CLIENT_KEY_FILE', 'MAX_CACHED_TOKENS', 'REDIS_KEY_PREFIX', 'BYPASS'])
    assert.ok(!isSecretSetting(name, 'x'), name);
  for (const url of ['redis+tls://u:p@h', 'mongodb+srv://u:p@h/db', 'https://token@h', 'rediss://:p@h:6379'])
    assert.ok(isSecretSetting('STORE', url), url);
  for (const url of ['redis://h:6379', 'https://h/@scope/x', 'mailto:ann@h.example', 'https://h/x:y@z'])
    assert.ok(!isSecretSetting('STORE', url), url);
});

describe('a word of a folder', () => {
  test('does not print its value', () => {
    const secret = word('KEYCLOAK_CLIENT_SECRET', 'of-the-folder');
    for (const text of [`${secret}`, JSON.stringify({ secret }), inspect(secret)])
      assert.doesNotMatch(text, /of-the-folder/);
  });

  test('is opened where nothing is sent, or only what is the folder’s own', async () => {
    const realm = word('KEYCLOAK_REALM', 'shop');
    assert.deepEqual(await nobody.open({ realm, none: undefined }, []), { realm: 'shop', none: undefined });
    const own = sending({ value: word('DOCTOR_PASSWORD', 'theirs'), realm });
    assert.equal((await nobody.open({ realm }, [own])).realm, 'shop');
  });

  for (const [what, of] of Object.entries({
    'the address': { serverUrl: word('KEYCLOAK_SERVER_URL', 'https://evil.example', 'https://evil.example') },
    'the realm': { realm: word('KEYCLOAK_REALM', 'evil') },
    'the user': { as: word('DOCTOR_USER', 'mallory') },
    'the realm at an address of this machine that a flag names': {
      ...{ serverUrl: LOCAL, realm: word('KEYCLOAK_REALM', 'evil') },
    },
    'the realm of an admin of this machine': {
      ...{ serverUrl: word('KEYCLOAK_SERVER_URL', LOCAL, LOCAL) },
      realm: word('KEYCLOAK_ADMIN_REALM', 'evil', LOCAL),
    },
  }))
    test(`sends nothing of the person's without a question: ${what}`, () =>
      assert.rejects(nobody.open({}, [sending(of)]), isRefused));

  test('needs no question for the Keycloak of this machine that the same file names', async () => {
    const serverUrl = word('KEYCLOAK_SERVER_URL', LOCAL, LOCAL);
    const realm = word('KEYCLOAK_REALM', 'testing', LOCAL);
    assert.equal((await nobody.open({ realm }, [sending({ serverUrl, realm })])).realm, 'testing');
    assert.equal(
      (await nobody.open({ realm }, [sending({ serverUrl: `${LOCAL}/`, realm })])).realm,
      'testing',
    );
  });

  test('is asked about once, with user, realm and address, and Enter does not agree', async () => {
    const seen: unknown[] = [];
    const consent = createConsent({
      async confirm(...question) {
        seen.push(question);
        return true;
      },
    });
    const realm = word('KEYCLOAK_REALM', 'evil');
    await consent.open({ realm }, [sending({ realm })]);
    await consent.open({ realm }, [sending({ realm, name: 'SETUP_PASSWORD' })]);
    assert.deepEqual(seen, [
      ['.env chose KEYCLOAK_REALM. Send DOCTOR_PASSWORD to https://sso.example, realm evil, as ann?', false],
    ]);
    const unwilling = createConsent({ confirm: async () => false });
    await assert.rejects(unwilling.open({ realm }, [sending({ realm })]), Cancelled);
  });
});

test('the question says which file elsewhere a folder would have sent, under whatever name', async (t) => {
  const home = await mkdtemp(join(tmpdir(), 'from-folder-'));
  t.after(() => rm(home, { recursive: true }));
  await mkdir(join(home, 'clone'));
  const env = join(home, 'clone', '.env');
  await writeFile(join(home, 'vault-token'), 'mine');
  await symlink(join(home, 'vault-token'), join(home, 'clone', 'client-secret'));
  const questions: string[] = [];
  const consent = createConsent({ confirm: async (question) => questions.push(question) > 0 });
  for (const path of [join(home, 'vault-token'), join(home, 'clone', 'client-secret')]) {
    const name = 'KEYCLOAK_CLIENT_SECRET_FILE';
    const value = new FromFolder(name, path, env);
    const realm = new FromFolder('KEYCLOAK_REALM', path, env);
    await consent.open({}, [sending({ name, value, realm })]);
  }
  assert.equal(questions.length, 2);
  for (const question of questions)
    assert.match(question, /Send KEYCLOAK_CLIENT_SECRET_FILE \([^)]*vault-token\) to https:\/\/sso\.example/);
});

describe('--yes', () => {
  const plan = [word('KEYCLOAK_REALM', 'evil'), word('PUBLIC_URL', 'https://evil.example'), 'named'];

  test('agrees to nothing that a folder chose', () => {
    assert.throws(
      () => nobody.judge(plan, 'https://sso.example', true),
      /Nothing was changed[\s\S]*--env \.env/,
    );
    const asking = createConsent({ confirm: async () => true });
    assert.deepEqual(asking.judge(plan, 'https://sso.example', true), {
      chosen: ['KEYCLOAK_REALM=evil (.env)', 'PUBLIC_URL=https://evil.example (.env)'],
      yes: false,
    });
  });

  test('agrees to what the person chose, and to what a set-up of this machine wrote', () => {
    const all = { chosen: [], yes: true };
    assert.deepEqual(nobody.judge(['shop', undefined], 'https://sso.example', true), all);
    assert.deepEqual(nobody.judge([word('KEYCLOAK_REALM', 'testing', LOCAL)], LOCAL, true), all);
    assert.deepEqual(nobody.judge([word('PUBLIC_URL', 'http://localhost:8000', LOCAL)], LOCAL, true), all);
  });

  test('agrees to no PUBLIC_URL elsewhere: no set-up of this machine wrote it', () => {
    assert.throws(() => nobody.judge([word('PUBLIC_URL', 'https://evil.example', LOCAL)], LOCAL, true));
  });
});

test('what is not set is assumed where that alone is wrong, and else the mistakes are as they are', () => {
  const file = join(emptyFolder(), 'none.env');
  const good = {
    ...{ KEYCLOAK_SERVER_URL: 'https://sso.example.com', KEYCLOAK_REALM: 'shop' },
    ...{ KEYCLOAK_CLIENT_ID: 'api', KEYCLOAK_CLIENT_SECRET: 's' },
  };
  const stand = { KEYCLOAK_CLIENT_ID: 'stand-in', KEYCLOAK_CLIENT_SECRET: 'made-up' };
  const { KEYCLOAK_CLIENT_SECRET: _, ...secretless } = good;
  const { KEYCLOAK_REALM: __, ...realmless } = good;
  for (const [env, assumed, problems] of [
    [good, [], []],
    [secretless, ['KEYCLOAK_CLIENT_SECRET'], []],
    [{ ...secretless, KEYCLOAK_CLIENT_ID: '' }, ['KEYCLOAK_CLIENT_ID', 'KEYCLOAK_CLIENT_SECRET'], []],
    [realmless, [], ['KEYCLOAK_REALM']],
    [{ ...secretless, PORT: 'x' }, [], ['KEYCLOAK_CLIENT_SECRET', 'PORT']],
    [{ ...good, PORT: 'x' }, [], ['PORT']],
    [{ ...realmless, KEYCLOAK_CLIENT_SECRET: '' }, [], ['KEYCLOAK_REALM', 'KEYCLOAK_CLIENT_SECRET']],
  ] as const) {
    const found = loadAssuming(env, file, stand);
    assert.deepEqual(found.assumed, assumed);
    const names = found.config instanceof ConfigError ? found.config.problems.map(({ name }) => name) : [];
    assert.deepEqual(names, problems);
    if (found.config instanceof ConfigError) continue;
    assert.equal(found.config.clientSecret, assumed.length > 0 ? 'made-up' : 's');
  }
});
