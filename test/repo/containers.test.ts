import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseEnv } from 'node:util';
import { parse } from 'yaml';
import { readApiOptions } from '../../packages/cli/src/setup/api/options.ts';
import { SETTINGS } from '../../packages/server/src/config/settings.ts';
import { documents } from '../../tools/docs/documents.ts';
import { ROOT } from './source-imports.ts';

// biome-ignore lint/suspicious/noExplicitAny: services have as many shapes as there are images.
type Service = any;

const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');
const COMPOSE = ['compose.yaml', 'compose.scale.yaml'] as const;
const composed = (file: string): { name?: string; services: Record<string, Service> } =>
  parse(read(file), { merge: true });
const scale = composed('compose.scale.yaml');
const guide = read('docs/scale.md');

test('Dockerfile: built without a frontend from the internet, run as a number that is not root', () => {
  const dockerfile = read('Dockerfile');
  assert.doesNotMatch(dockerfile, /^#\s*syntax\s*=/im);
  const users = [...dockerfile.matchAll(/^USER (.+)$/gm)].map(([, user]) => user);
  assert.deepEqual(users, ['1000:1000']);
});

test('Dockerfile: every file that the build is made of gets into the image, and past .dockerignore', () => {
  const needed = new Set(['tools/build/build.mjs']);
  for (const file of needed)
    for (const [, name = ''] of read(file).matchAll(/^import .* from '\.\/(.+)';$/gm))
      needed.add(`tools/build/${name}`);
  const [, copied = ''] = /^COPY (.+) tools\/build\/$/m.exec(read('Dockerfile')) ?? [];
  assert.deepEqual(copied.split(' ').sort(), [...needed].sort());
  const letIn = read('.dockerignore').match(/(?<=^!)tools\/.+$/gm) ?? [];
  assert.deepEqual([...letIn].sort(), [...needed].sort());
});

test('the health check of the image starts no Node, asks whether the process is alive, and asks no proxy', () => {
  const [, check = ''] = /^HEALTHCHECK [^\n]*\\\n\s*CMD (.+)$/m.exec(read('Dockerfile')) ?? [];
  assert.equal(check, 'exec wget -q -T 2 -Y off -O /dev/null "http://127.0.0.1:$PORT/health/live"');
});

test('the two compose files are two projects: neither finds a volume of the other', () => {
  const names = COMPOSE.map((file) => composed(file).name);
  assert.deepEqual(names, ['keycloak-guard', 'keycloak-guard-scale']);
});

for (const file of COMPOSE) {
  const { services } = composed(file);

  test(`${file}: no port is open on more than this machine`, () => {
    const ports = Object.values(services).flatMap((service): string[] => service.ports ?? []);
    assert.deepEqual(
      ports.filter((port) => !port.startsWith('127.0.0.1:')),
      [],
    );
    assert.ok(ports.length > 1);
  });

  test(`${file}: the database is ready when it answers by TCP, which it does not while it is being made`, () => {
    const { test: check } = services.postgres.healthcheck;
    assert.deepEqual(check, ['CMD', 'pg_isready', '-h', '127.0.0.1', '-U', 'keycloak', '-d', 'keycloak']);
  });

  test(`${file}: a first start of Keycloak on a slow machine is no failure`, () => {
    for (const [name, { healthcheck }] of Object.entries(services)) {
      if (name.startsWith('keycloak')) assert.equal(healthcheck.start_period, '10m', name);
    }
  });
}

test('compose.scale.yaml: settings exist, every secret is asked for, and everything is watched and bounded', () => {
  const { services } = scale;
  assert.equal(Object.keys(services).length, 8);
  for (const [name, service] of Object.entries(services)) {
    // The image of the API brings its own.
    assert.ok(name.startsWith('api-') || service.healthcheck, `${name} has a health check`);
    assert.ok(service.deploy.resources.limits.memory, `${name} has a limit`);
    for (const [setting, value] of Object.entries<string>(service.environment ?? {})) {
      if (name.startsWith('api-')) assert.ok(Object.hasOwn(SETTINGS, setting), setting);
      if (/SECRET|PASSWORD|REDIS_URL/.test(setting)) assert.match(value, /\$\{\w+:\?/, setting);
    }
  }
  const api = services['api-1'];
  const drainMs = Number(api.environment.SHUTDOWN_DELAY_MS) + Number(api.environment.SHUTDOWN_TIMEOUT_MS);
  assert.ok(Number.parseInt(api.stop_grace_period, 10) * 1000 > drainMs);
  const nginx = read('deploy/nginx/keycloak-guard.conf') + read('deploy/nginx/keycloak.conf');
  const servers = [...nginx.matchAll(/server ([\w-]+):\d+/g)].map(([, name = '']) => name);
  assert.deepEqual(
    servers.filter((name) => !Object.hasOwn(services, name)),
    [],
  );
  assert.equal(servers.length, 5);
});

test('compose.scale.yaml: one Keycloak makes the database, and the other one waits for it', () => {
  const waits = { 'keycloak-1': ['postgres'], 'keycloak-2': ['postgres', 'keycloak-1'] };
  for (const [name, conditions] of Object.entries(waits)) {
    const healthy = conditions.map((one) => [one, { condition: 'service_healthy' }]);
    assert.deepEqual(scale.services[name].depends_on, Object.fromEntries(healthy));
  }
});

test('compose.scale.yaml: Valkey is not root, and can neither become it nor write outside of its volume', () => {
  const { user, read_only, cap_drop, security_opt } = scale.services.valkey;
  assert.deepEqual(
    { user, read_only, cap_drop, security_opt },
    { user: 'valkey', read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] },
  );
});

test('compose.scale.yaml: only the gateway of the network, which is this machine, is believed about a client', () => {
  const { networks } = parse(read('compose.scale.yaml'));
  const { subnet, gateway } = networks.scale.ipam.config[0];
  assert.equal(scale.services['api-1'].environment.TRUST_PROXY, subnet);
  const believed = read('deploy/nginx/tls-in-front.conf').match(/\d+\.\d+\.\d+\.\d+(?:\/\d+)?/g);
  assert.deepEqual(believed, [gateway]);
  const mounted = scale.services.proxy.volumes.map((volume: string) => volume.split(':')[0]);
  assert.ok(mounted.includes('./deploy/nginx/tls-in-front.conf'));
});

/** The block of docs/scale.md that starts with these words. */
const block = (start: string): string =>
  guide.split(/^```\w*\n/m).find((text) => text.startsWith(start)) ?? assert.fail(`no block ${start}`);

test('docs/scale.md: scale.env has each variable that compose.scale.yaml asks for, and no other', () => {
  const named = Object.keys(parseEnv(block('KEYCLOAK_REALM=').split('```')[0] ?? '')).sort();
  const asked = new Set([...read('compose.scale.yaml').matchAll(/\$\{(\w+):\?/g)].map(([, name]) => name));
  assert.deepEqual(named, [...asked].sort());
});

test('every command with compose.scale.yaml that a document shows brings its settings along', () => {
  const shown = [...documents(), 'compose.scale.yaml'].flatMap((file) =>
    [...read(file).matchAll(/docker compose [^\n`]*/g)].map(([command]) => command),
  );
  const scaled = shown.filter((command) => command.includes('compose.scale.yaml'));
  assert.ok(scaled.some((command) => command.includes(' exec ')));
  assert.deepEqual(
    scaled.filter(
      (command) => !command.startsWith('docker compose --env-file scale.env -f compose.scale.yaml '),
    ),
    [],
  );
});

test('docs/scale.md: setup finds admin, realm and client in scale.env, and Keycloak gets an address that is not its own', async () => {
  const command = block('npm run setup -- ').split('```')[0] ?? '';
  const args = command.replaceAll('\\\n', ' ').trim().split(/\s+/).slice(4);
  const settings = parseEnv(block('KEYCLOAK_REALM=').split('```')[0] ?? '');
  const options = await readApiOptions(
    args.filter((arg, i) => arg !== '--env' && args[i - 1] !== '--env'),
    settings as NodeJS.ProcessEnv,
  );
  assert.equal(args[args.indexOf('--env') + 1], 'scale.env');
  const { services } = scale;
  const published: string[] = services.proxy.ports;
  const admin = published.find((port) => port.endsWith(':8082'));
  assert.match(admin ?? '', /\{KEYCLOAK_ADMIN_PORT:-8081\}/);
  assert.equal(options.access.serverUrl, 'http://localhost:8081');
  assert.equal(options.access.realm, settings.KEYCLOAK_REALM);
  assert.equal(options.clientId, settings.KEYCLOAK_CLIENT_ID);
  assert.equal(options.access.username, settings.KEYCLOAK_ADMIN_USER);
  assert.equal(options.access.secret, settings.KEYCLOAK_ADMIN_PASSWORD);
  assert.ok(options.access.username);
  assert.equal(options.appUrl, settings.PUBLIC_URL);
  const { hostname, port, pathname } = new URL(options.backchannelUrl ?? '');
  assert.ok(Object.hasOwn(services, hostname), hostname);
  assert.equal(port, '8080');
  assert.equal(pathname, '/backchannel-logout');
});
