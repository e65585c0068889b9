import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse, parseAllDocuments } from 'yaml';
import { loadConfig } from '../../src/service/index.ts';
import { SETTINGS } from '../../src/service/settings.ts';
import { ROOT } from '../repo/source-imports.ts';

// biome-ignore lint/suspicious/noExplicitAny: manifests have as many shapes as there are kinds.
type Manifest = any;

const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');
const SECRETS = {
  KEYCLOAK_CLIENT_SECRET: 'aLongEnoughSecretOfAClient',
  SESSION_SECRET: 'b7f3c1d95e0a4826b7f3c1d95e0a4826',
};

/** As `kubectl apply -k` would send them. */
const manifests: Manifest[] = parseAllDocuments(
  execFileSync('kubectl', ['kustomize', join(ROOT, 'deploy/kubernetes/overlays/example')], {
    encoding: 'utf8',
  }),
).map((document) => document.toJS());

const find = (kind: string): Manifest => {
  const found = manifests.find((one) => one.kind === kind);
  assert.ok(found, kind);
  return found;
};

test('kustomize builds every kind that is promised, all in one namespace', () => {
  const kinds = ['ConfigMap', 'Deployment', 'HorizontalPodAutoscaler', 'Keycloak', 'KeycloakRealmImport'];
  kinds.push('NetworkPolicy', 'PodDisruptionBudget', 'Service', 'ServiceMonitor');
  assert.deepEqual(manifests.map(({ kind }) => kind).sort(), kinds);
  assert.ok(manifests.every(({ metadata }) => metadata.namespace === 'my-api'));
});

test('the settings in the ConfigMap exist, and with the secret they are enough', () => {
  const { data } = find('ConfigMap');
  assert.deepEqual(
    Object.keys(data).filter((name) => !Object.hasOwn(SETTINGS, name)),
    [],
  );
  const env = { ...data, ...SECRETS, NODE_ENV: 'production', REDIS_URL: 'redis://redis:6379' };
  const config = loadConfig({ cwd: '/nonexistent', env });
  const pod = find('Deployment').spec.template.spec;
  const ports = Object.fromEntries(
    pod.containers[0].ports.map((port: Manifest) => [port.name, port.containerPort]),
  );
  assert.deepEqual(ports, { http: config.port, metrics: config.metricsPort });
  const drainMs = config.shutdownDelayMs + config.shutdownTimeoutMs;
  assert.ok(pod.terminationGracePeriodSeconds * 1000 > drainMs, 'a pod is killed before it has drained');
  const { readinessProbe } = pod.containers[0];
  const noticedMs = readinessProbe.periodSeconds * readinessProbe.failureThreshold * 1000;
  assert.ok(noticedMs < config.shutdownDelayMs, 'listening ends before anybody notices');
});

test('names that refer to each other match', () => {
  const deployment = find('Deployment');
  const container = deployment.spec.template.spec.containers[0];
  const labels = deployment.spec.template.metadata.labels;
  assert.deepEqual(deployment.spec.selector.matchLabels, labels);
  assert.deepEqual(find('Service').spec.selector, labels);
  assert.deepEqual(find('PodDisruptionBudget').spec.selector.matchLabels, labels);
  assert.deepEqual(find('NetworkPolicy').spec.podSelector.matchLabels, labels);
  assert.deepEqual(find('ServiceMonitor').spec.selector.matchLabels, labels);
  assert.equal(find('HorizontalPodAutoscaler').spec.scaleTargetRef.name, deployment.metadata.name);
  assert.equal(container.envFrom[0].configMapRef.name, find('ConfigMap').metadata.name);
  const paths = ['livenessProbe', 'readinessProbe', 'startupProbe'].map(
    (name) => container[name].httpGet.path,
  );
  assert.deepEqual(paths, ['/health/live', '/health/ready', '/health/live']);
  assert.equal(find('KeycloakRealmImport').spec.keycloakCRName, find('Keycloak').metadata.name);
});

test('a pod has no more rights than it needs', () => {
  const pod = find('Deployment').spec.template.spec;
  assert.equal(pod.automountServiceAccountToken, false);
  assert.equal(pod.securityContext.runAsNonRoot, true);
  assert.deepEqual(pod.securityContext.seccompProfile, { type: 'RuntimeDefault' });
  assert.deepEqual(pod.containers[0].securityContext, {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ['ALL'] },
  });
});

test('compose.scale.yaml: settings exist, every secret is asked for, and everything is watched and bounded', () => {
  const text = read('compose.scale.yaml');
  const { services } = parse(text, { merge: true });
  assert.equal(Object.keys(services).length, 8);
  for (const [name, service] of Object.entries<Manifest>(services)) {
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
