import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseEnv, promisify } from 'node:util';
import { send } from '../../lab/reliability/load/http.ts';
import { docker, dockerRoot, REPOSITORY, runInRoot } from '../../tools/check/containers/docker.ts';
import { makeStandIns } from '../../tools/check/containers/stand-ins.ts';
import { codeBlocks } from '../../tools/docs/documents.ts';
import { eventually } from '../support/eventually.ts';
import { check } from './check.ts';

// compose.scale.yaml as docs/production.md starts it and sets it up.

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const API = 'http://localhost:8000';
const KEYCLOAK = { public: 'http://localhost:8080', admin: 'http://localhost:8081' };
const REPLICAS = ['api-1', 'api-2', 'api-3'];
const PERSON = { username: 'person', password: 'Person#123456' };
/** A logout counts at every replica within this time. Unit: milliseconds. */
const SHARED_WITHIN_MS = 100;

/** In the engine's root, where both Docker and this process find it. */
const ENV_FILE = '/scale.env';
const compose = (args: readonly string[], signal?: AbortSignal) =>
  docker(['compose', '--env-file', ENV_FILE, '--file', `${REPOSITORY}/compose.scale.yaml`, ...args], signal);

/** The block of docs/production.md that begins with these words. */
function block(start: string): string {
  const blocks = codeBlocks('docs/production.md').filter(({ text }) => text.startsWith(start));
  assert.equal(blocks.length, 1, start);
  return blocks[0]?.text ?? '';
}

/** `field` of the container of a service. */
async function inspect(service: string, field: string): Promise<string> {
  return docker(['inspect', '--format', `{{${field}}}`, await compose(['ps', '--quiet', service])]);
}

async function addressOf(service: string): Promise<string> {
  return `http://${await inspect(service, 'range .NetworkSettings.Networks}}{{.IPAddress}}{{end')}:8000`;
}

interface Login {
  readonly authorization: string;
  readonly refreshToken: string;
}

/** On a machine with other work, Keycloaks that have just started take longer than the API waits. */
async function logIn(): Promise<Login> {
  let answer = await send(`${API}/login`, { form: PERSON });
  const until = performance.now() + 60_000;
  while (answer.status === 503 && performance.now() < until) {
    await setTimeout(500);
    answer = await send(`${API}/login`, { form: PERSON });
  }
  assert.equal(answer.status, 200, answer.body);
  const tokens = JSON.parse(answer.body);
  return { authorization: `Bearer ${tokens.access_token}`, refreshToken: tokens.refresh_token };
}

/** nginx sends no POST twice: one that a replica got before it died is 502, and the client's to repeat. */
async function logOut({ refreshToken }: Login): Promise<void> {
  const post = () => send(`${API}/logout`, { form: { refresh_token: refreshToken } });
  let answer = await post();
  if (answer.status === 502) answer = await post();
  assert.equal(answer.status, 204, answer.body);
}

after(() => compose(['down', '--volumes', '--timeout', '2']));

check(
  'the images that the files name are there, as stand-ins',
  { timeout: 300_000, essential: true },
  makeStandIns,
);

check(
  'docker compose starts three replicas, two Keycloaks, Postgres, Valkey and nginx',
  { timeout: 400_000, essential: true },
  async ({ signal }) => {
    const env = block('KEYCLOAK_REALM=').replaceAll('…', () => randomBytes(32).toString('hex'));
    writeFileSync(join(dockerRoot(), ENV_FILE), env);
    await compose(['up', '--build', '--detach', '--wait'], signal);
  },
);

check('every port is open on 127.0.0.1 alone', { timeout: 10_000 }, async () => {
  const published = (await compose(['ps', '--format', '{{.Ports}}'])).match(/\S+(?=->)/g) ?? [];
  assert.deepEqual(published.sort(), ['127.0.0.1:8000', '127.0.0.1:8080', '127.0.0.1:8081']);
});

check('Valkey is not root, and writes into its volume alone', { timeout: 20_000 }, async () => {
  const inValkey = (command: string) => compose(['exec', '-T', 'valkey', 'sh', '-c', command]);
  assert.equal(await inValkey('id -un'), 'valkey');
  assert.equal(
    await inValkey('touch /data/file && rm /data/file; touch /file 2>&1 || true'),
    "touch: cannot touch '/file': Read-only file system",
  );
  assert.match(await inValkey('grep CapBnd /proc/1/status'), /0{16}$/);
});

check(
  'setup as in docs/production.md makes realm, client and a user, and every replica is ready',
  { timeout: 150_000, essential: true },
  async ({ signal }) => {
    const [, , ...words] = block('npm run setup -- ').replaceAll('\\\n', ' ').trim().split(/\s+/);
    const args = words.map((word) => (word === 'scale.env' ? join(dockerRoot(), ENV_FILE) : word));
    const user = ['--user', PERSON.username, '--name', 'Some Person', '--email', 'person@example.com'];
    const env = { ...process.env, SETUP_PASSWORD: PERSON.password };
    await promisify(execFile)('npm', ['run', ...args, ...user, '--yes'], { cwd: ROOT, env, signal });
    for (const replica of REPLICAS) {
      const url = `${await addressOf(replica)}/health/ready`;
      await eventually(`${replica} is ready`, async () => (await send(url)).status === 200);
    }
  },
);

check('the public reaches its realm at Keycloak, and no admin there', { timeout: 20_000 }, async () => {
  const { KEYCLOAK_REALM: realm } = parseEnv(readFileSync(join(dockerRoot(), ENV_FILE), 'utf8'));
  const discovery = await send(`${KEYCLOAK.public}/realms/${realm}/.well-known/openid-configuration`);
  assert.equal(JSON.parse(discovery.body).issuer, `${KEYCLOAK.public}/realms/${realm}`);
  for (const path of ['/realms/master', '/admin/master/console/', '/metrics'])
    assert.equal((await send(`${KEYCLOAK.public}${path}`)).status, 404, path);
});

check(
  'with the command of docs/production.md, admins sign in at their own address',
  { timeout: 60_000 },
  async ({ signal }) => {
    const command = block(
      'docker compose --env-file scale.env -f compose.scale.yaml exec keycloak-1',
    ).replace('scale.env', ENV_FILE);
    const { code, output } = await runInRoot(['sh', '-c', `cd ${REPOSITORY} && ${command}`], signal);
    assert.equal(code, 0, output);
    const console = await send(`${KEYCLOAK.admin}/admin/master/console/`);
    const { serverBaseUrl, adminBaseUrl } = JSON.parse(
      /<script id="environment"[^>]*>([^<]+)</.exec(console.body)?.[1] ?? console.body,
    );
    assert.deepEqual([serverBaseUrl, adminBaseUrl], [KEYCLOAK.admin, KEYCLOAK.admin]);
    const signIn = await send(`${KEYCLOAK.admin}/realms/master/.well-known/openid-configuration`);
    assert.equal(new URL(JSON.parse(signIn.body).authorization_endpoint).origin, KEYCLOAK.admin);
  },
);

check(
  'a replica is killed under load: nobody is let in who signed out, nobody refused who did not',
  { timeout: 240_000 },
  async (t) => {
    const live = await Promise.all(Array.from({ length: 6 }, () => logIn()));
    const ended = await Promise.all(Array.from({ length: 6 }, () => logIn()));
    const leaving = await Promise.all(Array.from({ length: 3 }, () => logIn()));
    await Promise.all(ended.map(logOut));
    const refusedFrom = new Map(ended.map((login) => [login, performance.now() + SHARED_WITHIN_MS]));
    const counts = { letIn: 0, refused: 0, letInWrongly: 0, refusedWrongly: 0, failed: 0 };

    async function ask(login: Login, at = API): Promise<void> {
      const { sentAt, status } = await send(`${at}/protected`, {
        headers: { authorization: login.authorization },
      });
      const isOut = refusedFrom.get(login);
      // Between both: either answer is right.
      if (isOut === undefined ? leaving.includes(login) : sentAt < isOut) return;
      if (status === 200) counts[isOut === undefined ? 'letIn' : 'letInWrongly']++;
      else if (status === 401) counts[isOut === undefined ? 'refusedWrongly' : 'refused']++;
      else counts.failed++;
    }

    const logins = [...live, ...ended, ...leaving];
    let requests = 0;
    let isOver = false;
    const client = async () => {
      while (!isOver && requests < 50_000) await ask(logins[requests++ % logins.length] as Login);
    };
    const clients = Promise.all(Array.from({ length: 8 }, client));
    try {
      await eventually('load before', () => requests > 300);
      process.kill(Number(await inspect('api-2', '.State.Pid')), 'SIGKILL');
      await Promise.all(
        leaving.map(async (login) => {
          await logOut(login);
          refusedFrom.set(login, performance.now() + SHARED_WITHIN_MS);
        }),
      );
      const killedAt = requests;
      await eventually('it is started again', async () => (await inspect('api-2', '.RestartCount')) === '1');
      const back = `${await addressOf('api-2')}/health/ready`;
      await eventually('it is ready', async () => (await send(back)).status === 200, 60_000, 50);
      await eventually('load after', () => requests > killedAt + 600);
    } finally {
      isOver = true;
      await clients;
    }
    t.diagnostic(`${requests} requests: ${JSON.stringify(counts)}`);
    for (const replica of REPLICAS) {
      const address = await addressOf(replica);
      await Promise.all(logins.map((login) => ask(login, address)));
    }
    const { letIn, refused, ...wrong } = counts;
    assert.deepEqual(wrong, { letInWrongly: 0, refusedWrongly: 0, failed: 0 });
    assert.ok(letIn > 300 && refused > 300, JSON.stringify(counts));
  },
);
