import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { openRedis } from '../../packages/guard/src/redis/index.ts';
import { isPlaceholder } from '../../packages/server/src/config/setting.ts';
import { SETTINGS } from '../../packages/server/src/config/settings.ts';
import { ConfigError, loadConfig } from '../../packages/server/src/index.ts';
import { createLoggerTo } from '../../packages/server/src/log/logger.ts';
import { envExample, settingsPage } from '../../tools/docs/settings-text.ts';
import { makeFolder } from '../support/folder.ts';
import { collectLog, configFor, GOOD } from './service.ts';

function problemsOf(env: Record<string, string>, cwd: string): [string, string][] {
  try {
    loadConfig({ env, cwd });
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    for (const { name, rule, example } of error.problems) {
      assert.ok(error.message.includes(`  ${name} `) && error.message.includes(rule));
      assert.ok(error.message.includes(`${name}=${example}`));
    }
    const { length } = error.problems;
    const title = length === 1 ? 'A setting is' : `${length} settings are`;
    assert.ok(error.message.startsWith(`${title} missing or wrong.\n`), error.message);
    return error.problems.map(({ name, seen }) => [name, seen]);
  }
  return [];
}

test('.env.example and docs/settings.md say what the check says (npm run docs)', () => {
  const read = (name: string) => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8');
  assert.equal(read('.env.example'), envExample());
  assert.equal(read('docs/settings.md'), settingsPage());
});

test('the example of each setting meets its rule, unless it stands for a secret', () => {
  const refused = Object.entries(SETTINGS).filter(([, { example, parse }]) => parse(example) === undefined);
  assert.deepEqual(
    refused.filter(([, { example }]) => !isPlaceholder(example)).map(([name]) => name),
    [],
  );
});

test('the settings of the guide are enough, and the result is frozen', (t) => {
  const config = loadConfig({ env: GOOD, cwd: makeFolder(t) });
  assert.deepEqual(config, {
    serverUrl: 'http://localhost:8080/auth/',
    realm: 'testing',
    clientId: 'fastapi-keycloak',
    clientSecret: 's3cr3t',
    credential: { secret: 's3cr3t' },
    issuer: undefined,
    audience: undefined,
    timeoutMs: 5000,
    clockToleranceSeconds: 5,
    tokenCheck: 'recheck',
    publicUrl: undefined,
    recheckSeconds: 30,
    redisUrl: undefined,
    redisKeyPrefix: 'keycloak-guard:testing:fastapi-keycloak',
    callsPerAddress: 600,
    callsMaxInFlight: 32,
    loginsPerAddress: 300,
    loginsPerUser: 100,
    loginMaxInFlight: 16,
    loginMaxWaiting: 200,
    loginWaitMs: 10_000,
    shutdownDelayMs: 0,
    shutdownTimeoutMs: 10_000,
    metricsPort: undefined,
    metricsHost: 'localhost',
    docs: true,
    sessionIdleSeconds: 1800,
    sessionMaxSeconds: 36_000,
    sessionSecrets: undefined,
    dpop: 'off',
    events: false,
    maxCachedTokens: 10_000,
    requestTimeoutMs: 15_000,
    maxConnections: 10_000,
    host: 'localhost',
    port: 8000,
    logLevel: 'info',
    auditLog: true,
    tracing: { exporter: 'off' },
    trustProxy: false,
    usesEnvProxy: false,
    corsOrigins: [],
  });
  assert.ok(Object.isFrozen(config));
});

test('a line of .env without =, or of spaces alone, takes no other setting with it', (t) => {
  const text =
    'KEYCLOAK_REALM testing\n \t\nKEYCLOAK_CLIENT_ID=a\n\nTODO\r\n# its secret\r\nexport KEYCLOAK_CLIENT_SECRET=s\n';
  const env = { KEYCLOAK_SERVER_URL: 'http://localhost:8080' };
  const cwd = makeFolder(t, { '.env': text });
  assert.deepEqual(problemsOf(env, cwd), [['KEYCLOAK_REALM', 'is not set.']]);
  const { clientId, clientSecret } = loadConfig({
    env: { ...env, KEYCLOAK_REALM: 'r' },
    cwd,
    envFile: '.env',
  });
  assert.deepEqual([clientId, clientSecret], ['a', 's']);
});

test('a .env that is there and cannot be read is said to be so, and nothing is started without it', (t) => {
  const cwd = makeFolder(t);
  mkdirSync(join(cwd, '.env'));
  assert.throws(() => loadConfig({ env: GOOD, cwd }), {
    name: 'ConfigError',
    message: '.env cannot be read (it is a folder). Give this user the right to, or take it away.',
    problems: [],
  });
  // A loop of links: the one way to be unreadable that holds for root too.
  symlinkSync('loop', join(cwd, 'loop'));
  assert.throws(() => loadConfig({ env: GOOD, cwd, envFile: 'loop' }), {
    message: 'loop cannot be read (ELOOP). Give this user the right to, or take it away.',
  });
});

test('the environment wins over .env, .env over keycloak.json, and an empty value counts as not set', (t) => {
  const cwd = makeFolder(t, {
    '.env':
      '\uFEFFKEYCLOAK_REALM="from-env-file"\r\nKEYCLOAK_CONFIG_FILE=keycloak.json\r\nKEYCLOAK_CLIENT_ID=\r\n',
    'keycloak.json': JSON.stringify({
      realm: 'from-json',
      'auth-server-url': 'https://sso.example.com/',
      'ssl-required': 'external',
      resource: 'client-from-json',
      credentials: { secret: 'secret-from-json' },
    }),
  });
  const env = { KEYCLOAK_CLIENT_SECRET: 'secret-from-env' };
  const config = loadConfig({ cwd, env, envFile: '.env' });
  const { serverUrl, realm, clientId, clientSecret } = config;
  assert.deepEqual(
    { serverUrl, realm, clientId, clientSecret },
    {
      serverUrl: 'https://sso.example.com/',
      realm: 'from-env-file',
      clientId: 'client-from-json',
      clientSecret: 'secret-from-env',
    },
  );
});

test('a file proves who the service is, in place of the secret, and only one of them can', (t) => {
  const cwd = makeFolder(t, { 'keycloak.json': JSON.stringify({ credentials: { secret: 'from-json' } }) });
  const { KEYCLOAK_CLIENT_SECRET: _secret, ...env } = GOOD;
  for (const [name, credential] of [
    ['KEYCLOAK_CLIENT_SECRET_FILE', { secretFile: join(cwd, 'it') }],
    ['KEYCLOAK_CLIENT_KEY_FILE', { keyFile: join(cwd, 'it') }],
    ['KEYCLOAK_CLIENT_TOKEN_FILE', { tokenFile: join(cwd, 'it') }],
  ] as const) {
    const json = { KEYCLOAK_CONFIG_FILE: 'keycloak.json' };
    for (const more of [{}, { KEYCLOAK_CLIENT_SECRET: '' }, json]) {
      const config = loadConfig({ cwd, env: { ...env, ...more, [name]: 'it' } });
      assert.deepEqual([config.clientSecret, config.credential], [undefined, credential]);
    }
    assert.throws(
      () => loadConfig({ cwd, env: { ...GOOD, [name]: 'it' } }),
      (error) => {
        assert.ok(error instanceof ConfigError);
        assert.deepEqual(
          error.problems.map(({ name, seen }) => [name, seen]),
          [[name, 'is set beside KEYCLOAK_CLIENT_SECRET: only one of them can be.']],
        );
        return true;
      },
    );
  }
  assert.deepEqual(loadConfig({ cwd, env: GOOD }).credential, { secret: GOOD.KEYCLOAK_CLIENT_SECRET });
});

test('a certificate proves it too, with its key and not without', (t) => {
  const cwd = makeFolder(t);
  const { KEYCLOAK_CLIENT_SECRET: _secret, ...env } = GOOD;
  const [certificate, key] = [
    { KEYCLOAK_CLIENT_CERTIFICATE_FILE: 'it.crt' },
    { KEYCLOAK_CLIENT_CERTIFICATE_KEY_FILE: 'it.key' },
  ];
  assert.deepEqual(loadConfig({ cwd, env: { ...env, ...certificate, ...key } }).credential, {
    certificateFile: join(cwd, 'it.crt'),
    certificateKeyFile: join(cwd, 'it.key'),
  });
  assert.deepEqual(problemsOf({ ...env, ...certificate }, cwd), [
    ['KEYCLOAK_CLIENT_CERTIFICATE_KEY_FILE', 'is not set.'],
  ]);
  assert.deepEqual(problemsOf({ ...GOOD, ...key }, cwd), [
    ['KEYCLOAK_CLIENT_CERTIFICATE_FILE', 'is not set.'],
  ]);
  assert.deepEqual(problemsOf({ ...GOOD, ...certificate, ...key }, cwd), [
    ['KEYCLOAK_CLIENT_CERTIFICATE_FILE', 'is set beside KEYCLOAK_CLIENT_SECRET: only one of them can be.'],
  ]);
});

test('all mistakes are reported together, with name, rule and example', (t) => {
  const cwd = makeFolder(t);
  assert.deepEqual(problemsOf({}, cwd), [
    ['KEYCLOAK_SERVER_URL', 'is not set.'],
    ['KEYCLOAK_REALM', 'is not set.'],
    ['KEYCLOAK_CLIENT_ID', 'is not set.'],
    ['KEYCLOAK_CLIENT_SECRET', 'is not set.'],
  ]);
  assert.deepEqual(problemsOf({ ...GOOD, PORT: '80a', TRUST_PROXY: 'true', LOG_LEVEL: 'loud' }, cwd), [
    ['PORT', "is '80a'."],
    ['LOG_LEVEL', "is 'loud'."],
    ['TRUST_PROXY', "is 'true'."],
  ]);
});

test('each setting refuses what breaks its rule', (t) => {
  const cwd = makeFolder(t);
  for (const [name, values] of Object.entries({
    KEYCLOAK_SERVER_URL: ['localhost:8080', 'ftp://h', 'http://h/?a=1', 'http://h/realms/testing'],
    KEYCLOAK_REALM: ['a/b', ' testing', '..', 'a?b'],
    KEYCLOAK_CLIENT_ID: ['my api'],
    KEYCLOAK_AUDIENCE: ['a,,b', ','],
    KEYCLOAK_TIMEOUT_MS: ['0', '99', '60001', '-1', '1e3', 'NaN', '5s'],
    CLOCK_TOLERANCE_SECONDS: ['301', '1.5'],
    TOKEN_CHECK: ['never', 'LOCAL'],
    RECHECK_SECONDS: ['0', '3601'],
    KEYCLOAK_EVENTS: ['true', 'ON'],
    MAX_CACHED_TOKENS: ['-1', '10000001'],
    HOST: ['http://0.0.0.0', 'a b'],
    PORT: ['65536', '-1'],
    TRUST_PROXY: ['1', '10.0.0.0/33', 'everybody', '::1/129'],
    CORS_ORIGINS: ['*', 'https://a.example/', 'https://a.example/path', 'a.example', 'null'],
  })) {
    for (const value of values) {
      assert.deepEqual(problemsOf({ ...GOOD, [name]: value }, cwd), [[name, `is '${value}'.`]]);
    }
  }
});

test('each setting takes what meets its rule', (t) => {
  const cwd = makeFolder(t);
  const config = loadConfig({
    cwd,
    env: {
      ...GOOD,
      KEYCLOAK_AUDIENCE: 'a, b',
      TRUST_PROXY: 'loopback, 10.0.0.0/8, ::1',
      CORS_ORIGINS: 'https://a.example, http://localhost:3000',
      HOST: '::',
      PORT: '0',
    },
  });
  assert.deepEqual(config.audience, ['a', 'b']);
  assert.equal(config.trustProxy, 'loopback,10.0.0.0/8,::1');
  assert.deepEqual(config.corsOrigins, ['https://a.example', 'http://localhost:3000']);
  assert.deepEqual([config.host, config.port], ['::', 0]);
});

test('a secret with quotes, a line break or a placeholder is noticed, and never shown', (t) => {
  const cwd = makeFolder(t);
  for (const [value, seen] of [
    ['"hunter2hunter2"', 'has quotes (") around it: remove them.'],
    ["'hunter2hunter2'", "has quotes (') around it: remove them."],
    ['hunter2hunter2\n', 'has a line break in it.'],
    [' hunter2hunter2', 'has spaces around it.'],
    ['the-secret-from-the-console', 'is still a placeholder.'],
    ['**********', 'is still a placeholder.'],
  ] as const) {
    assert.deepEqual(problemsOf({ ...GOOD, KEYCLOAK_CLIENT_SECRET: value }, cwd), [
      ['KEYCLOAK_CLIENT_SECRET', seen],
    ]);
    try {
      loadConfig({ cwd, env: { ...GOOD, KEYCLOAK_CLIENT_SECRET: value } });
    } catch (error) {
      assert.ok(!String((error as Error).message).includes('hunter2'));
    }
  }
});

test('a keycloak.json that cannot be used is one mistake, not five', (t) => {
  const cwd = makeFolder(t, {
    'broken.json': '{',
    'list.json': '[]',
    'null.json': 'null',
    'text.json': '"x"',
  });
  for (const [file, seen] of [
    ['none.json', "'none.json' cannot be read."],
    ['broken.json', "'broken.json' is not JSON."],
    ['list.json', "'list.json' is not a JSON object."],
    ['null.json', "'null.json' is not a JSON object."],
    ['text.json', "'text.json' is not a JSON object."],
  ] as const) {
    assert.deepEqual(problemsOf({ KEYCLOAK_CONFIG_FILE: file }, cwd), [['KEYCLOAK_CONFIG_FILE', seen]]);
  }
});

test('no two services have the same prefix of keys by chance', () => {
  const prefixOf = (KEYCLOAK_REALM: string, KEYCLOAK_CLIENT_ID: string) =>
    configFor('http://localhost:8080', { KEYCLOAK_REALM, KEYCLOAK_CLIENT_ID }).redisKeyPrefix;
  assert.equal(prefixOf('a realm', 'api'), 'keycloak-guard:a%20realm:api');
  assert.notEqual(prefixOf('a:b', 'c'), prefixOf('a', 'b:c'));
  assert.notEqual(prefixOf('a%3Ab', 'c'), prefixOf('a:b', 'c'));
});

test('a password in a URL, or what may be one, is not repeated in what is said of it', () => {
  const secret = 'hunter2';
  for (const url of [
    `http://user:${secret}@localhost:8080`,
    `http://${secret}@localhost:8080`,
    `https://user:${secret}@x@localhost`,
    `https://user:${secret}/x@localhost`,
    `https://user:${secret}?x@localhost`,
    `https://user:x#${secret}@localhost`,
    `user:${secret}@localhost:8080`,
    `http:/user:${secret}@localhost`,
    `http:\\\\user:${secret}@localhost`,
    ` http://user:${secret}@localhost`,
    `http://user:x\n${secret}@localhost`,
    `${'x'.repeat(100)}://user:${secret}@localhost`,
  ]) {
    for (const name of ['KEYCLOAK_SERVER_URL', 'PUBLIC_URL', 'CORS_ORIGINS', 'METRICS_HOST'] as const) {
      assert.throws(
        () => configFor('http://localhost:8080', { [name]: url }),
        (error: ConfigError) => {
          assert.ok(error instanceof ConfigError);
          assert.deepEqual(
            error.problems.map((problem) => problem.name),
            [name],
          );
          assert.doesNotMatch(error.message + JSON.stringify(error.problems), /hunter2/, `${name} ${url}`);
          return true;
        },
      );
    }
  }
  assert.throws(
    () => configFor('ftp://admin:x@host:8080/path'),
    /KEYCLOAK_SERVER_URL is 'ftp:\/\/\*\*\*@host:8080\/path'\./,
  );
  assert.throws(() => configFor('localhost:8080'), /KEYCLOAK_SERVER_URL is 'localhost:8080'\./);
});

test('a Redis URL that its client would not take is a setting that is wrong, and nothing of it is shown', (t) => {
  const cwd = makeFolder(t);
  for (const url of [
    'redis://:p%ZZw@127.0.0.1:6379',
    'redis://%E0%A4%A@127.0.0.1',
    'redis://127.0.0.1/first',
    'redis://127.0.0.1/0/1',
    'redis://user:hunter2@127.0.0.1:99999',
  ]) {
    assert.deepEqual(
      problemsOf({ ...GOOD, REDIS_URL: url }, cwd),
      [['REDIS_URL', 'is something else.']],
      url,
    );
  }
  for (const url of ['redis://127.0.0.1', 'rediss://u:p%40w@[::1]:6380/', 'redis://127.0.0.1:6379/5']) {
    assert.deepEqual(problemsOf({ ...GOOD, REDIS_URL: url }, cwd), [], url);
    assert.doesNotThrow(() => openRedis({ url, onNotice() {} }).close());
  }
});

test('settings that are printed, or logged, show no secret, and work as before', () => {
  const REDIS = 'redis://user:redis-password@127.0.0.1';
  const SESSION = '0a4826b7f3c1d95e0a4826b7f3c1d95e';
  const config = configFor('http://localhost:8080', { REDIS_URL: REDIS, SESSION_SECRET: SESSION });
  const log = collectLog();
  createLoggerTo({ logLevel: 'info' }, log.stream).info({ config, deep: [config] }, 'settings');
  for (const text of [
    inspect(config, { depth: Number.POSITIVE_INFINITY, showHidden: true }),
    JSON.stringify({ config }),
    log.text(),
  ]) {
    assert.doesNotMatch(text, /for-development-only|redis-password|0a4826b7/);
    assert.match(text, /fastapi-keycloak/);
  }
  assert.deepEqual(
    [config.clientSecret, config.redisUrl, config.sessionSecrets],
    ['for-development-only', REDIS, [SESSION]],
  );
  const { clientSecret } = { ...config };
  assert.equal(clientSecret, 'for-development-only');
});
