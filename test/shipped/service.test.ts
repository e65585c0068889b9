// Each setting of the service, in a process as a user starts it: built, its standard input closed, the provider another process.
// A setting for which something is opened, or waited for, stands in a start that opens nothing else.
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { SETTINGS, type SettingName } from '../../packages/server/src/config/settings.ts';
import { emptyFolder, MAIN, runCommand } from '../cli/support/program.ts';
import { NO_SECRETS, type NoSecret } from '../contract/guide/no-secret.ts';
import { CLIENT } from '../contract/guide/provider.ts';
import { ROOT } from '../repo/source-imports.ts';
import { form, PASSWORD, settingsFor } from '../server/service.ts';
import { createTestCertificate } from '../support/certificates.ts';
import { readEventsRealm } from '../support/events-realm.ts';
import { freePort } from '../support/free-port.ts';
import { startRedis } from '../support/redis-server.ts';
import { startProvider, toTable, whenAnswering } from './processes.ts';

const WAYS = {
  'keycloak-guard serve': [process.execPath, MAIN, 'serve'],
  'npx keycloak-guard serve': ['npx', '--no-install', 'keycloak-guard', 'serve'],
  'keycloak-guard-server': [process.execPath, join(ROOT, 'packages/server/dist/main.js')],
  'npm start': ['npm', 'start'],
} as const;

type Settings = Readonly<Record<string, string>>;

/** What the settings of a start may need. */
interface Scene {
  readonly t: TestContext;
  readonly keycloakUrl: string;
  /** Writes a file that only this start has. @returns its path */
  file(name: string, text: string): string;
}

interface Start {
  readonly way: keyof typeof WAYS;
  /** `built in`: the service brings it along. `away`: none answers. Default: another process, whose realm keeps events. */
  readonly keycloak?: 'built in' | 'away' | 'without events' | keyof typeof NO_SECRETS;
  /** Beside realm, client and secret; an empty value takes one of these away. */
  readonly settings?: Settings | ((scene: Scene) => Settings | Promise<Settings>);
  /** Status of `GET /protected` with the token of a login. Default 200. */
  readonly status?: number;
}

const SECRET = '0123456789abcdef0123456789abcdef';
const NO_SECRET = { KEYCLOAK_CLIENT_SECRET: '' };

const STARTS: readonly Start[] = [
  { way: 'npm start', keycloak: 'built in' },
  { way: 'npm start', keycloak: 'built in', settings: { KEYCLOAK_EVENTS: 'on' } },
  { way: 'npm start', settings: { KEYCLOAK_EVENTS: 'on' } },
  {
    way: 'npm start',
    keycloak: 'built in',
    settings: { METRICS_PORT: '0', DOCS: 'off', SESSION_SECRET: SECRET, DPOP: 'accepted' },
  },
  { way: 'keycloak-guard serve', keycloak: 'without events', settings: { KEYCLOAK_EVENTS: 'on' } },
  { way: 'keycloak-guard serve', keycloak: 'away', settings: { KEYCLOAK_EVENTS: 'on' } },
  { way: 'keycloak-guard serve', keycloak: 'away' },
  {
    way: 'keycloak-guard serve',
    settings: async ({ t }) => ({ REDIS_URL: (await startRedis(t)).url, REDIS_KEY_PREFIX: 'shipped' }),
  },
  {
    way: 'keycloak-guard serve',
    settings: async ({ t }) => ({ REDIS_URL: (await startRedis(t)).url, KEYCLOAK_EVENTS: 'on' }),
  },
  { way: 'keycloak-guard serve', settings: { REDIS_URL: 'redis://127.0.0.1:9' } },
  { way: 'keycloak-guard serve', settings: { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' } },
  { way: 'keycloak-guard serve', settings: { OTEL_TRACES_EXPORTER: 'console', LOG_LEVEL: 'silent' } },
  { way: 'keycloak-guard serve', settings: { METRICS_PORT: '0', METRICS_HOST: '127.0.0.1' } },
  {
    way: 'npx keycloak-guard serve',
    settings: ({ file, keycloakUrl }) => {
      const client = { realm: 'testing', 'auth-server-url': keycloakUrl, resource: CLIENT.id };
      return {
        ...{
          KEYCLOAK_SERVER_URL: '',
          KEYCLOAK_REALM: '',
          KEYCLOAK_CLIENT_ID: '',
          KEYCLOAK_CLIENT_SECRET: '',
        },
        KEYCLOAK_CONFIG_FILE: file(
          'keycloak.json',
          JSON.stringify({ ...client, credentials: { secret: CLIENT.secret } }),
        ),
      };
    },
  },
  {
    way: 'keycloak-guard-server',
    settings: ({ file }) => ({ ...NO_SECRET, KEYCLOAK_CLIENT_SECRET_FILE: file('secret', CLIENT.secret) }),
  },
  { way: 'keycloak-guard-server', keycloak: 'a key file', settings: { DPOP: 'required' }, status: 401 },
  {
    way: 'keycloak-guard-server',
    keycloak: 'a token file of Kubernetes',
    settings: { NODE_ENV: 'production', SESSION_SECRET: 'off' },
  },
  {
    // No provider here asks for a certificate: test/keycloak/newest/mtls.test.ts has one.
    way: 'keycloak-guard-server',
    keycloak: 'away',
    settings: ({ file }) => {
      const { cert, key } = createTestCertificate('service');
      return {
        ...NO_SECRET,
        KEYCLOAK_SERVER_URL: 'https://127.0.0.1:9',
        KEYCLOAK_CLIENT_CERTIFICATE_FILE: file('client.crt', cert),
        KEYCLOAK_CLIENT_CERTIFICATE_KEY_FILE: file('client.key', key),
      };
    },
  },
  {
    // Each is a figure or a word that is read where requests are answered: none opens anything.
    way: 'keycloak-guard serve',
    settings: ({ keycloakUrl }) => ({
      ...{ KEYCLOAK_ISSUER: `${keycloakUrl}/realms/testing`, KEYCLOAK_AUDIENCE: CLIENT.id },
      ...{ KEYCLOAK_TIMEOUT_MS: '4000', CLOCK_TOLERANCE_SECONDS: '1', TOKEN_CHECK: 'remote' },
      ...{ RECHECK_SECONDS: '1', MAX_CACHED_TOKENS: '0', HOST: '127.0.0.1' },
      ...{ AUDIT_LOG: 'off', TRUST_PROXY: 'loopback', CORS_ORIGINS: 'https://app.example.com' },
      ...{ PUBLIC_URL: 'https://api.example.com/shop', SESSION_SECRET: SECRET },
      ...{ SESSION_IDLE_SECONDS: '60', SESSION_MAX_SECONDS: '600', LOGINS_PER_MINUTE_AND_ADDRESS: '10' },
      ...{ LOGINS_PER_MINUTE_AND_USER: '10', CALLS_PER_MINUTE_AND_ADDRESS: '10', LOGIN_MAX_IN_FLIGHT: '1' },
      ...{
        CALLS_MAX_IN_FLIGHT: '1',
        LOGIN_MAX_WAITING: '0',
        LOGIN_WAIT_MS: '1000',
        REQUEST_TIMEOUT_MS: '5000',
      },
      ...{ MAX_CONNECTIONS: '100', SHUTDOWN_DELAY_MS: '10' },
      ...{ SHUTDOWN_TIMEOUT_MS: '1000' },
    }),
  },
];

const realm = readEventsRealm();

const shared = await startProvider(realm);

async function whereKeycloakIs(
  t: TestContext,
  keycloak: Start['keycloak'],
  credential: NoSecret | undefined,
): Promise<string> {
  if (keycloak === 'built in' || keycloak === 'away') return 'http://127.0.0.1:9';
  if (keycloak === undefined) return shared.url;
  const own = await startProvider({
    ...realm,
    eventsEnabled: keycloak !== 'without events',
    identityProviders: credential?.identityProviders ?? [],
    clients: (realm.clients ?? []).map((client) =>
      client.clientId === CLIENT.id ? { ...client, ...credential?.client } : client,
    ),
  } as typeof realm);
  t.after(() => own.stop());
  return own.url;
}

async function prepare(t: TestContext, { keycloak, settings = {}, way }: Start) {
  const folder = emptyFolder();
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  // As npm links the command of a package.
  mkdirSync(join(folder, 'node_modules/.bin'), { recursive: true });
  chmodSync(file('node_modules/.bin/keycloak-guard', `#!/bin/sh\nexec node '${MAIN}' "$@"\n`), 0o755);
  const credential =
    keycloak !== undefined && keycloak in NO_SECRETS ? await NO_SECRETS[keycloak]?.('testing') : undefined;
  if (credential !== undefined) t.after(() => credential.close());
  const keycloakUrl = await whereKeycloakIs(t, keycloak, credential);
  const given = typeof settings === 'function' ? await settings({ t, keycloakUrl, file }) : settings;
  const port = String(await freePort());
  const env = {
    ...(keycloak === 'built in'
      ? { KEYCLOAK_PORT: String(await freePort()) }
      : settingsFor(keycloakUrl, credential?.settings(keycloakUrl))),
    ...given,
    PORT: port,
  };
  const names = Object.keys({ ...credential?.settings(keycloakUrl), ...given });
  return {
    names: names.filter((name) => name in SETTINGS || name.startsWith('OTEL_')),
    url: `http://localhost:${port}`,
    program: runCommand(WAYS[way], { env, folder, ...(way === 'npm start' && { cwd: ROOT }) }),
  };
}

async function logIn(url: string): Promise<string> {
  const { headers, payload } = form({ username: 'abdullah', password: PASSWORD });
  const answer = await fetch(`${url}/login`, { method: 'POST', headers, body: payload });
  const text = await answer.text();
  assert.equal(answer.status, 200, text);
  return (JSON.parse(text) as { access_token: string }).access_token;
}

const rows = [['seconds', 'started by', 'Keycloak', 'settings']];
const seen = new Set<string>();

describe('the service, started as users start it', { concurrency: 2, timeout: 240_000 }, () => {
  for (const [index, start] of STARTS.entries()) {
    const { way, keycloak = 'a process', status = 200 } = start;
    it(`${index + 1}: ${way} answers, Keycloak ${keycloak}`, async (t) => {
      const { program, url, names } = await prepare(t, start);
      const begin = performance.now();
      assert.equal(await whenAnswering(program, `${url}/health/live`), 200);
      rows.push([((performance.now() - begin) / 1000).toFixed(1), way, keycloak, names.join(', ')]);
      for (const name of names) seen.add(name);
      if (keycloak === 'away') {
        assert.equal((await fetch(`${url}/health/ready`)).status, 503);
      } else {
        const authorization = `Bearer ${await logIn(url)}`;
        assert.equal((await fetch(`${url}/protected`, { headers: { authorization } })).status, status);
      }
      const code = await program.stop();
      // npm ends by the signal itself; the end of its output is that of all that it started.
      if (!way.startsWith('np')) assert.equal(code, 0, `${program.stdout()}${program.stderr()}`);
    });
  }
});

it('no setting of the service is left out', (t) => {
  t.diagnostic(toTable(rows));
  const missing = (Object.keys(SETTINGS) as SettingName[]).filter((name) => !seen.has(name));
  // In every start.
  assert.deepEqual(missing, ['PORT']);
});
