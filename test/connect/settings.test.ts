import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { inspect } from 'node:util';
import {
  Config,
  Grant,
  GrantManager,
  Keycloak,
  type KeycloakConfig,
  Token,
} from '../../packages/connect/src/index.ts';
import { type Notice, OptionsError } from '../../packages/guard/src/core/index.ts';

const GOOD: KeycloakConfig = {
  realm: 'testing',
  'auth-server-url': 'http://localhost:8080/',
  resource: 'my-app',
  credentials: { secret: 'the secret of the client' },
};

describe('keycloak.json', () => {
  test('each setting has its other names', () => {
    for (const config of [
      {
        realm: 'r',
        resource: 'c',
        'auth-server-url': 'http://k/',
        credentials: { secret: 's' },
        'public-client': true,
      },
      { realm: 'r', 'client-id': 'c', 'server-url': 'http://k', secret: 's', public: 'true' },
      { realm: 'r', clientId: 'c', serverUrl: 'http://k//', secret: 's', public: true },
      { realm: 'r', clientId: 'c', authServerUrl: 'http://k', secret: 's', public: true },
    ]) {
      const made = new Config(config);
      const { realm, clientId, resource, authServerUrl, realmUrl, secret, public: isPublic } = made;
      assert.deepEqual(
        [realm, clientId, resource, authServerUrl, realmUrl, secret, isPublic],
        ['r', 'c', 'c', 'http://k', 'http://k/realms/r', 's', true],
      );
    }
  });

  // biome-ignore-start lint/suspicious/noTemplateCurlyInString: so it stands in keycloak.json
  test('texts name environment variables, with something to fall back on', () => {
    process.env.CONNECT_TEST_HOST = 'sso.example.com';
    const config = new Config({
      realm: '${env.CONNECT_TEST_UNSET}',
      resource: '${env.CONNECT_TEST_UNSET:my-app}',
      'auth-server-url': 'https://${env.CONNECT_TEST_HOST:localhost}/${env.CONNECT_TEST_UNSET:auth}',
      'bearer-only': '${env.CONNECT_TEST_UNSET:false}',
    });
    delete process.env.CONNECT_TEST_HOST;
    assert.deepEqual(
      [config.realm, config.clientId, config.authServerUrl, config.bearerOnly],
      ['', 'my-app', 'https://sso.example.com/auth', false],
    );
  });

  test('a variable that is not set switches no check off', () => {
    const { verifyTokenAudience } = new Config({ 'verify-token-audience': '${env.CONNECT_TEST_UNSET}' });
    assert.equal(verifyTokenAudience, undefined);
  });

  test('what every object has is no environment variable, and what one holds is not read again', (t) => {
    process.env.CONNECT_TEST_NESTED = '${env.CONNECT_TEST_OTHER}';
    process.env.CONNECT_TEST_OTHER = 'other';
    t.after(() => {
      delete process.env.CONNECT_TEST_NESTED;
      delete process.env.CONNECT_TEST_OTHER;
    });
    const config = new Config({ realm: '${env.constructor:r}', resource: '${env.CONNECT_TEST_NESTED}' });
    assert.deepEqual([config.realm, config.clientId], ['r', '${env.CONNECT_TEST_OTHER}']);
  });

  // biome-ignore-end lint/suspicious/noTemplateCurlyInString: so it stands in keycloak.json

  test('a file is read from its path', (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'connect-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const path = join(folder, 'settings.json');
    writeFileSync(path, JSON.stringify(GOOD));
    assert.equal(new Config(path).clientId, 'my-app');
    writeFileSync(path, `\uFEFF${JSON.stringify(GOOD)}`);
    assert.equal(new Config(path).clientId, 'my-app');
    for (const text of ['{ "secret": s3cret }', '{ "realm": "r" "secret": "s3cret" }', 'null']) {
      writeFileSync(path, text);
      assert.throws(
        () => new Config(path),
        (error) => inspect(error).includes(path) && !inspect(error).includes('s3c'),
      );
    }
    assert.throws(() => new Config(join(folder, 'missing.json')), /ENOENT/);
  });
});

describe('new Keycloak', () => {
  test('needs options', () => {
    assert.throws(
      () => new Keycloak(undefined as never, GOOD),
      /^Error: Adapter configuration must be provided\.$/,
    );
    assert.throws(
      () => new Keycloak({ store: { get() {}, set() {} }, cookies: true }, GOOD),
      /^Error: Either `store` or `cookies` may be set, but not both$/,
    );
  });

  test('names all that is wrong at once, by the names that keycloak.json has', () => {
    assert.throws(
      () => new Keycloak({ store: {}, scope: ' ' }, { realm: 'a/b', 'auth-server-url': 'localhost:8080' }),
      (error) => {
        assert.ok(error instanceof OptionsError);
        assert.deepEqual(error.problems.map(({ option }) => option).sort(), [
          'auth-server-url',
          'realm',
          'resource',
          'scope',
          'store',
        ]);
        return true;
      },
    );
  });

  test('refuses a pinned key that is too short, or none', () => {
    const short = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey;
    for (const key of ['no key', short.export({ type: 'spki', format: 'der' }).toString('base64')]) {
      assert.throws(
        () => new Keycloak({}, { ...GOOD, 'realm-public-key': key }),
        /realm-public-key: must be an RSA key/,
      );
    }
  });

  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  for (const [setting, config, options, code] of [
    ['an audience that is not checked', { 'verify-token-audience': false }, {}, 'setting_unsafe'],
    [
      'a key that is pinned',
      { 'realm-public-key': publicKey.export({ type: 'spki', format: 'der' }).toString('base64') },
      {},
      'setting_unsafe',
    ],
    ['an option that there is not', {}, { cookie: true }, 'setting_ignored'],
  ] as const) {
    test(`tells once of ${setting}`, () => {
      const notices: Notice[] = [];
      new Keycloak({ ...options, onNotice: (notice) => notices.push(notice) }, { ...GOOD, ...config });
      assert.deepEqual(
        notices.map((notice) => notice.code),
        [code],
      );
      assert.ok(notices[0]?.fix);
    });
  }

  test('says nothing where all is well', () => {
    const notices: Notice[] = [];
    new Keycloak({ onNotice: (notice) => notices.push(notice) }, GOOD);
    assert.deepEqual(notices, []);
  });
});

test('nothing that is printed holds a secret', () => {
  const token = ['{"alg":"RS256"}', '{"sub":"somebody"}', 'the signature']
    .map((part) => Buffer.from(part).toString('base64url'))
    .join('.');
  const keycloak = new Keycloak({}, GOOD);
  const grant = new Grant({ access_token: new Token(token), refresh_token: new Token(token), __raw: token });
  void grant.access_token?.content;
  for (const printed of [
    keycloak,
    keycloak.config,
    keycloak.grantManager,
    new GrantManager(keycloak.config),
    grant,
  ]) {
    for (const how of [{}, { showHidden: true, getters: true }]) {
      const text = inspect(printed, { depth: 20, ...how });
      assert.doesNotMatch(text, /the secret of the client/);
      assert.ok(!text.includes(token.slice(-12)), text);
    }
  }
  assert.doesNotMatch(JSON.stringify(keycloak.config), /the secret of the client/);
  assert.equal(keycloak.config.secret, 'the secret of the client');
});
