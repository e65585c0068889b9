import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { toClient } from '../../packages/cli/src/admin/goal.ts';
import { SETTINGS } from '../../packages/server/src/config/settings.ts';
import { loadConfig } from '../../packages/server/src/index.ts';
import { ROOT } from '../repo/source-imports.ts';

// biome-ignore lint/suspicious/noExplicitAny: manifests have as many shapes as there are kinds.
type Manifest = any;

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

const find = (kind: string, name?: string): Manifest =>
  manifests.find((one) => one.kind === kind && (name === undefined || one.metadata.name === name)) ??
  assert.fail(`no ${kind} ${name ?? ''}`);

test('kustomize builds every kind that is promised, all in one namespace', () => {
  const kinds = ['ConfigMap', 'Deployment', 'HorizontalPodAutoscaler', 'Ingress', 'Ingress'];
  kinds.push(
    'Keycloak',
    'KeycloakRealmImport',
    'NetworkPolicy',
    'PodDisruptionBudget',
    'Service',
    'ServiceMonitor',
  );
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
  assert.deepEqual(find('Service').metadata.labels, labels);
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

test('the client of the realm is the one that setup makes, reached by Keycloak inside of the cluster', () => {
  const { realm, placeholders } = find('KeycloakRealmImport').spec;
  const { data } = find('ConfigMap');
  const [client, ...others] = realm.clients;
  assert.equal(realm.realm, data.KEYCLOAK_REALM);
  const service = `http://${find('Service').metadata.name}`;
  // No program here takes what Keycloak pushes to an Admin URL: back-channel logout and events say the same.
  const { adminUrl: _, ...goal } = toClient({
    realm: data.KEYCLOAK_REALM,
    clientId: data.KEYCLOAK_CLIENT_ID,
    clientSecret: `\${${Object.keys(placeholders)[0]}}`,
    appUrl: data.PUBLIC_URL,
    backchannelLogoutUrl: { url: `${service}/backchannel-logout`, replace: true },
    realmRoles: [],
    clientRoles: [],
    groups: [],
    enable: false,
  });
  assert.deepEqual(client, goal);
  assert.deepEqual(others, []);
});

test('the Ingress ends TLS for the address that browsers know, and leads to the port for requests alone', () => {
  const { tls, rules } = find('Ingress', 'keycloak-guard').spec;
  const { hostname } = new URL(find('ConfigMap').data.PUBLIC_URL);
  assert.deepEqual(
    tls.map(({ hosts }: Manifest) => hosts),
    [[hostname]],
  );
  const service = { name: find('Service').metadata.name, port: { name: 'http' } };
  assert.deepEqual(rules, [
    { host: hostname, http: { paths: [{ path: '/', pathType: 'Prefix', backend: { service } }] } },
  ]);
});

test('the public reaches one realm of Keycloak, and neither its console nor the realm of admins', () => {
  const keycloak = find('Keycloak');
  assert.deepEqual(keycloak.spec.ingress, { enabled: false });
  const { tls, rules } = find('Ingress', 'keycloak').spec;
  const host = new URL(keycloak.spec.hostname.hostname).hostname;
  assert.equal(host, new URL(find('ConfigMap').data.KEYCLOAK_SERVER_URL).hostname);
  assert.deepEqual(tls, [{ hosts: [host], secretName: keycloak.spec.http.tlsSecret }]);
  // The operator names the Service.
  const service = { name: `${keycloak.metadata.name}-service`, port: { number: 8443 } };
  const paths = [`/realms/${find('KeycloakRealmImport').spec.realm.realm}`, '/resources'].map((path) => ({
    ...{ path, pathType: 'Prefix', backend: { service } },
  }));
  assert.deepEqual(rules, [{ host, http: { paths } }]);
});

test('no pod but those of the ingress controller and Keycloak reaches the port at which proxies are believed', () => {
  assert.ok(find('ConfigMap').data.TRUST_PROXY);
  const { policyTypes, ingress } = find('NetworkPolicy').spec;
  assert.ok(policyTypes.includes('Ingress'));
  const namespace = (name: string) => ({
    namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': name } },
  });
  // Labels of the operator's pods.
  const keycloak = { podSelector: { matchLabels: { app: 'keycloak' } } };
  assert.deepEqual(ingress, [
    { from: [namespace('ingress-nginx'), keycloak], ports: [{ port: 'http' }] },
    { from: [namespace('monitoring')], ports: [{ port: 'metrics' }] },
  ]);
});

test('the NetworkPolicy lets out what the service can be set up to call, and nothing else', () => {
  const ports = find('NetworkPolicy').spec.egress.flatMap((rule: Manifest) =>
    rule.ports.map(({ port, protocol = 'TCP' }: Manifest) => `${protocol} ${port}`),
  );
  const keycloak = ['TCP 8080', 'TCP 8443', 'TCP 443'];
  const redis = ['TCP 6379', 'TCP 6380'];
  assert.deepEqual(ports, ['UDP 53', 'TCP 53', ...keycloak, ...redis, 'TCP 4318']);
});

/** `name` or `name/key` of each Secret that something in here refers to. */
function secretsIn(value: Manifest, found = new Set<string>()): Set<string> {
  for (const [field, inner] of Object.entries<Manifest>(value ?? {})) {
    if (field === 'realm') continue;
    if (typeof inner === 'string' && /^(tlsSecret|secretName)$/.test(field)) found.add(inner);
    else if (/^secret(Ref)?$|Secret$/.test(field))
      found.add([inner.name, inner.key].filter(Boolean).join('/'));
    else if (typeof inner === 'object') secretsIn(inner, found);
  }
  return found;
}

test('docs/production.md makes each Secret that a manifest names, with its keys, and pushes the image that is pulled', () => {
  const guide = readFileSync(join(ROOT, 'docs/production.md'), 'utf8').replaceAll('\\\n', '');
  const made = [...guide.matchAll(/create secret (?:generic|tls) (\S+)(.*)/g)].flatMap(
    ([, name, rest = '']) => [
      name ?? '',
      ...[...rest.matchAll(/--from-literal=(\w+)=/g)].map(([, key]) => `${name}/${key}`),
    ],
  );
  const named = [...secretsIn(manifests)].sort();
  assert.deepEqual(
    named.filter((secret) => !made.includes(secret)),
    [],
  );
  assert.equal(named.length, 6, named.join());
  const { image } = find('Deployment').spec.template.spec.containers[0];
  assert.ok(guide.includes(`docker build -t ${image} .`), image);
  assert.ok(guide.includes(`docker push ${image}`), image);
});
