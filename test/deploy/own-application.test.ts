// What `npm create keycloak-guard -- --deploy kubernetes` writes, for every template: as kubectl would send it, and each application
// that can be run here with the environment of its pod.
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import { parseAllDocuments, parse as parseYaml } from 'yaml';
import { compose } from '../../packages/create/src/compose.ts';
import { FRAMEWORK_NAMES } from '../../packages/create/src/frameworks.ts';
import { type Choice, findConflict, hasRedis } from '../../packages/create/src/options.ts';
import { type DevIdp, startDevIdp, startTestCluster } from '../../packages/testing/src/index.ts';
import { startFakeKeycloak } from '../admin/fake-keycloak.ts';
import { runProgram } from '../cli/support/program.ts';
import { ROOT } from '../repo/source-imports.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { startRedis } from '../support/redis-server.ts';

// biome-ignore lint/suspicious/noExplicitAny: manifests have as many shapes as there are kinds.
type Manifest = any;

const FOLDER = join(ROOT, 'node_modules/.cache', `deploy-${process.pid}`);
const CHOICES: readonly Choice[] = FRAMEWORK_NAMES.flatMap((framework) =>
  (['bearer', 'browser'] as const).map((login) => ({
    ...({ name: 'shop', framework, login, language: framework === 'nest' ? 'ts' : 'js' } as const),
    ...({ deploy: ['kubernetes'] } as const),
  })),
).filter((choice) => findConflict(choice) === undefined);

const titleOf = ({ framework, login }: Choice): string => `${framework}-${login}`;
const folderOf = (choice: Choice): string => join(FOLDER, titleOf(choice));
const composeIt = (choice: Choice) =>
  compose(choice, {
    templates: join(ROOT, 'packages/create/dist/templates'),
    own: () => '^0.1.0',
    random: (bytes) => `secret-${'r'.repeat(bytes)}`,
  });
const filesOf = new Map(CHOICES.map((choice) => [choice, composeIt(choice)]));
const read = (choice: Choice, path: string): string =>
  filesOf.get(choice)?.get(path) ?? assert.fail(`${titleOf(choice)} has no ${path}`);
const manifestsOf = new Map<Choice, Manifest[]>();
const find = (choice: Choice, kind: string): Manifest =>
  manifestsOf.get(choice)?.find((one) => one.kind === kind) ?? assert.fail(`${titleOf(choice)}: no ${kind}`);
const podOf = (choice: Choice): Manifest => find(choice, 'Deployment').spec.template.spec;

before(() => {
  for (const [choice, files] of filesOf) {
    for (const [path, text] of files) {
      const file = join(folderOf(choice), path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text);
    }
    const args = ['kustomize', join(folderOf(choice), 'deploy/kubernetes')];
    const documents = parseAllDocuments(execFileSync('kubectl', args, { encoding: 'utf8' }));
    manifestsOf.set(
      choice,
      documents.map((document) => document.toJS()),
    );
  }
});
after(() => rmSync(FOLDER, { recursive: true, force: true }));

describe("manifests of an application of one's own", () => {
  for (const choice of CHOICES)
    test(`${titleOf(choice)}: names match, and a pod has no more rights than it needs`, () => {
      const kinds = ['ConfigMap', 'Deployment', 'Ingress', 'NetworkPolicy', 'PodDisruptionBudget'];
      assert.deepEqual(
        manifestsOf
          .get(choice)
          ?.map(({ kind }) => kind)
          .sort(),
        [...kinds, 'Service', 'ServiceAccount'],
      );
      assert.ok(manifestsOf.get(choice)?.every(({ metadata }) => metadata.namespace === 'shop'));
      const { spec } = find(choice, 'Deployment');
      const { labels } = spec.template.metadata;
      for (const selector of [
        spec.selector.matchLabels,
        find(choice, 'Service').spec.selector,
        find(choice, 'PodDisruptionBudget').spec.selector.matchLabels,
        find(choice, 'NetworkPolicy').spec.podSelector.matchLabels,
      ])
        assert.deepEqual(selector, labels);
      const pod = podOf(choice);
      const [container] = pod.containers;
      assert.equal(pod.serviceAccountName, find(choice, 'ServiceAccount').metadata.name);
      assert.equal(pod.automountServiceAccountToken, false);
      assert.equal(pod.securityContext.runAsNonRoot, true);
      assert.equal(
        `USER ${pod.securityContext.runAsUser}:${pod.securityContext.runAsGroup}`,
        /^USER .*$/m.exec(read(choice, 'Dockerfile'))?.[0],
      );
      assert.deepEqual(container.securityContext, {
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
      assert.ok(container.resources.limits.memory && container.resources.requests.cpu);
      assert.equal(container.envFrom[0].configMapRef.name, find(choice, 'ConfigMap').metadata.name);
      const volumes = pod.volumes.map(({ name }: Manifest) => name).sort();
      assert.deepEqual(container.volumeMounts.map(({ name }: Manifest) => name).sort(), volumes);
    });

  test('the token of a pod is for the issuer of its realm, in the file that the settings name', () => {
    for (const choice of CHOICES.filter(({ framework }) => framework !== 'mcp')) {
      const { data } = find(choice, 'ConfigMap');
      const { volumes, containers } = podOf(choice);
      const { projected } = volumes.find(({ name }: Manifest) => name === 'keycloak');
      const { path, audience } = projected.sources[0].serviceAccountToken;
      assert.equal(audience, `${data.KEYCLOAK_SERVER_URL}/realms/${data.KEYCLOAK_REALM}`);
      const { mountPath } = containers[0].volumeMounts.find(({ name }: Manifest) => name === 'keycloak');
      assert.equal(data.KEYCLOAK_CLIENT_TOKEN_FILE, `${mountPath}/${path}`);
    }
  });

  test('no secret is in a manifest; README.md makes each one that is named, with all that the pod lacks', () => {
    for (const [choice, files] of filesOf) {
      for (const [path, text] of files)
        if (path.startsWith('deploy/')) assert.doesNotMatch(text, /secret-r|kind: Secret/, path);
      assert.match(read(choice, '.dockerignore'), /^deploy$/m);
      const guide = read(choice, 'README.md').replaceAll('\\\n', '');
      const made = [...guide.matchAll(/create secret (?:generic|tls) (\S+)(.*)/g)];
      const keys = made.flatMap(([, , rest = '']) => rest.match(/[A-Z_]{5,}(?==)/g) ?? []);
      const named = podOf(choice).containers[0].envFrom.flatMap(
        ({ secretRef }: Manifest) => secretRef?.name ?? [],
      );
      named.push(find(choice, 'Ingress').spec.tls[0].secretName);
      assert.deepEqual(made.map(([, name]) => name).sort(), named.sort(), titleOf(choice));
      const needed =
        choice.framework === 'mcp'
          ? ['KEYCLOAK_CLIENT_SECRET']
          : hasRedis(choice)
            ? ['SESSION_SECRET', 'REDIS_URL']
            : [];
      assert.deepEqual(keys, needed, titleOf(choice));
    }
  });

  test('README.md sets the realm and client of the pod up, and leaves the .env of this machine as it is', async (t) => {
    const keycloak = await startFakeKeycloak();
    t.after(() => keycloak.close());
    const body = JSON.stringify({ realm: 'shop', enabled: true, organizationsEnabled: false });
    const headers = { 'content-type': 'application/json', authorization: 'Bearer x' };
    await fetch(`${keycloak.url}/admin/realms`, { method: 'POST', headers, body });
    const admin = { KEYCLOAK_ADMIN_USER: 'admin', KEYCLOAK_ADMIN_PASSWORD: 'admin', SETUP_PASSWORD: 'x' };
    for (const title of ['express-bearer', 'express-browser', 'service-bearer', 'mcp-bearer']) {
      const choice = CHOICES.find((one) => titleOf(one) === title) ?? assert.fail(title);
      const guide = read(choice, 'README.md').replaceAll('\\\n', '');
      const [, line = ''] = /^npx keycloak-guard (setup .*sso\.example\.com.*)$/m.exec(guide) ?? [];
      const args = line.replace('https://sso.example.com', keycloak.url).split(/ +/);
      const { ended, stdout, stderr } = runProgram([...args, '--dry-run'], admin, folderOf(choice));
      await ended;
      assert.match(stdout(), /Dry run: nothing was changed/, `${title}: ${stderr()}`);
      const { data } = find(choice, 'ConfigMap');
      assert.match(stdout(), new RegExp(`realm ${data.KEYCLOAK_REALM}\\b`), title);
      assert.ok(stdout().includes(`client ${data.KEYCLOAK_CLIENT_ID}`), `${title}: ${stdout()}`);
      assert.doesNotMatch(stdout(), /\.env(?!\.production)/, title);
    }
  });

  test('what is added to the kustomization keeps its own labels, and so do the pods that a NetworkPolicy names', () => {
    const choice = CHOICES.find((one) => titleOf(one) === 'express-browser') ?? assert.fail();
    const folder = join(FOLDER, 'with-redis');
    mkdirSync(folder);
    for (const file of ['app', 'network-policy', 'ingress', 'kustomization'])
      writeFileSync(join(folder, `${file}.yaml`), read(choice, `deploy/kubernetes/${file}.yaml`));
    const labels = { app: 'redis' };
    const spec = { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: {} } };
    const peers = {
      podSelector: { matchLabels: labels },
      ingress: [{ from: [{ podSelector: { matchLabels: labels } }] }],
    };
    const added = [
      { apiVersion: 'apps/v1', kind: 'Deployment', spec },
      { apiVersion: 'v1', kind: 'Service', spec: { selector: labels, ports: [{ port: 6379 }] } },
      { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', spec: peers },
    ].map((one) => ({ ...one, metadata: { name: 'redis', namespace: 'shop' } }));
    for (const one of added) writeFileSync(join(folder, `redis-${one.kind}.yaml`), JSON.stringify(one));
    const list = join(folder, 'kustomization.yaml');
    const resources = added.map(({ kind }) => `  - redis-${kind}.yaml\n`).join('');
    writeFileSync(
      list,
      read(choice, 'deploy/kubernetes/kustomization.yaml').replace(/(?<=^resources:\n)/m, resources),
    );
    const built = parseAllDocuments(execFileSync('kubectl', ['kustomize', folder], { encoding: 'utf8' }));
    const redis = built
      .map((one): Manifest => one.toJS())
      .filter(({ metadata }) => metadata.name === 'redis');
    for (const one of added)
      assert.deepEqual(
        redis.find(({ kind }) => kind === one.kind),
        one,
      );
  });

  test('pods reach names, Keycloak, and Redis where it is used; the ingress controller alone reaches them', () => {
    for (const choice of CHOICES) {
      const { ingress, egress, policyTypes } = find(choice, 'NetworkPolicy').spec;
      const ports = egress.flatMap((rule: Manifest) => rule.ports.map(({ port }: Manifest) => port));
      const redis = hasRedis(choice) ? [6379, 6380] : [];
      assert.deepEqual(
        [policyTypes, ports],
        [
          ['Ingress', 'Egress'],
          [53, 53, 443, 8443, 8080, ...redis],
        ],
      );
      assert.deepEqual(ingress.length, 1);
      const service = find(choice, 'Ingress').spec.rules[0].http.paths[0].backend.service.name;
      assert.equal(service, find(choice, 'Service').metadata.name);
    }
  });
});

test('compose.yaml holds no secret, and the application of each template has what it names', () => {
  for (const one of CHOICES) {
    const choice = { ...one, deploy: ['compose'] } as const;
    const files = composeIt(choice);
    const text = files.get('compose.yaml') ?? assert.fail();
    assert.doesNotMatch(text, /secret-r/);
    const { services } = parseYaml(text);
    assert.deepEqual(Object.keys(services), hasRedis(choice) ? ['app', 'valkey'] : ['app']);
    for (const service of Object.values<Manifest>(services))
      assert.deepEqual([service.read_only, service.cap_drop], [true, ['ALL']]);
    const asked = [...text.matchAll(/\$\{(\w+):\?/g)].map(([, name]) => name);
    const env = `${files.get('.env.example')}`;
    for (const name of asked) assert.match(env, new RegExp(`^${name}=`, 'm'), titleOf(choice));
  }
});

/** Whether all that the program needs is installed here. */
const isHere = (choice: Choice): boolean =>
  choice.framework !== 'nest' &&
  Object.keys(JSON.parse(read(choice, 'package.json')).dependencies).every((name) =>
    existsSync(join(ROOT, 'node_modules', name)),
  );

let redisUrl = '';
before(async (t) => {
  ({ url: redisUrl } = await startRedis(t as TestContext));
});

describe('an application with the environment of its pod', () => {
  let cluster: Awaited<ReturnType<typeof startTestCluster>>;
  before(async () => {
    cluster = await startTestCluster();
  });
  after(() => cluster.close());

  for (const choice of CHOICES.filter(isHere))
    test(`${titleOf(choice)}: it is alive and ready, lets a caller in by its credential, and ends when it is told`, {
      timeout: 60_000,
    }, async (t) => {
      const realm = JSON.parse(read(choice, 'realm.json'));
      const pod = podOf(choice);
      const [container] = pod.containers;
      const { data } = find(choice, 'ConfigMap');
      const [client] = realm.clients;
      client.clientId = data.KEYCLOAK_CLIENT_ID;
      const isSecretless = data.KEYCLOAK_CLIENT_TOKEN_FILE !== undefined;
      if (isSecretless)
        Object.assign(client, {
          clientAuthenticatorType: 'federated-jwt',
          attributes: {
            ...client.attributes,
            'jwt.credential.issuer': 'kubernetes',
            'jwt.credential.sub': `system:serviceaccount:shop:${pod.serviceAccountName}`,
          },
        });
      realm.identityProviders = [
        { alias: 'kubernetes', providerId: 'kubernetes', config: { issuer: cluster.issuer } },
      ];
      const idp: DevIdp = await startDevIdp({ realm });
      t.after(() => idp.close());
      const account = { namespace: 'shop', name: pod.serviceAccountName, audience: idp.issuer };
      const tokenFile = join(folderOf(choice), 'token');
      writeFileSync(tokenFile, await cluster.issueToken(account));
      const port = await freePort();
      const secrets = choice.framework === 'mcp' ? { KEYCLOAK_CLIENT_SECRET: client.secret } : {};
      const redis = hasRedis(choice)
        ? { REDIS_URL: redisUrl, SESSION_SECRET: 'b7f3c1d95e0a4826b7f3c1d95e0a4826' }
        : {};
      const image = Object.fromEntries(
        (/^ENV (.*)$/m.exec(read(choice, 'Dockerfile'))?.[1] ?? '').split(' ').map((one) => one.split('=')),
      );
      assert.equal(image.PORT, String(container.ports[0].containerPort));
      // Of the pod's environment, the addresses alone are others here.
      const here = {
        PORT: String(port),
        KEYCLOAK_SERVER_URL: idp.url,
        ...(isSecretless && { KEYCLOAK_CLIENT_TOKEN_FILE: tokenFile }),
      };
      const program = spawn(
        process.execPath,
        [/CMD \["node", "(.*)"\]/.exec(read(choice, 'Dockerfile'))?.[1] ?? ''],
        {
          cwd: folderOf(choice),
          env: { PATH: process.env.PATH, ...image, ...data, ...secrets, ...redis, ...here },
          stdio: ['ignore', 'pipe', 'pipe'],
        },
      );
      t.after(() => program.kill('SIGKILL'));
      const output = collect(program);
      const statusOf = async (path: string, headers: Record<string, string> = {}) =>
        (
          await fetch(`http://127.0.0.1:${port}${path}`, { headers, redirect: 'manual' }).catch(
            () => undefined,
          )
        )?.status;
      for (const probe of ['startupProbe', 'readinessProbe', 'livenessProbe']) {
        const { path } = container[probe].httpGet;
        await eventually(`${probe} ${path}`, async () => (await statusOf(path)) === 200, 20_000).catch(
          (error: Error) => assert.fail(`${error.message}\n${output()}`),
        );
      }
      if (choice.framework !== 'mcp') {
        // So old that Keycloak is asked about it.
        const iat = Math.floor(Date.now() / 1000) - 60;
        const token = await idp.issueToken({ username: 'ann', clientId: 'shop', claims: { iat } });
        const path = choice.framework === 'service' ? '/protected' : '/me';
        assert.equal(await statusOf(path), 401);
        assert.equal(await statusOf(path, { authorization: `Bearer ${token}` }), 200);
        await eventually(
          'Keycloak is asked about the token',
          () => (idp.requests.introspection ?? 0) > 0,
          20_000,
        );
      }
      assert.doesNotMatch(output(), /\b(warn|error)\b/i);
      await idp.goDown();
      assert.equal(await statusOf(container.livenessProbe.httpGet.path), 200, 'without Keycloak');
      const ended = once(program, 'exit');
      program.kill('SIGTERM');
      assert.deepEqual(await ended, [0, null], output());
    });
});

function collect({ stdout, stderr }: ChildProcess): () => string {
  let text = '';
  for (const stream of [stdout, stderr])
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
  return () => text;
}
