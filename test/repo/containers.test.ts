import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
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

test('the two compose files are two projects: neither finds a volume of the other', () => {
  const names = COMPOSE.map((file) => composed(file).name);
  assert.deepEqual(names, ['keycloak-guard', 'keycloak-guard-scale']);
});

for (const file of COMPOSE) {
  const { services } = composed(file);

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
});

test('compose.scale.yaml: one Keycloak makes the database, and the other one waits for it', () => {
  const waits = { 'keycloak-1': ['postgres'], 'keycloak-2': ['postgres', 'keycloak-1'] };
  for (const [name, conditions] of Object.entries(waits)) {
    const healthy = conditions.map((one) => [one, { condition: 'service_healthy' }]);
    assert.deepEqual(scale.services[name].depends_on, Object.fromEntries(healthy));
  }
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
