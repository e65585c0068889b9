import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { EventsStatus } from '../../packages/guard/src/events/index.ts';
import type { DevIdp } from '../../packages/testing/src/index.ts';
import { TYPESCRIPT_ANYWHERE } from '../../tools/run/typescript.mjs';
import { ROOT } from '../repo/source-imports.ts';
import { startTestIdp } from '../support/dev-idp.ts';
import { readEventsRealm } from '../support/events-realm.ts';
import { eventually } from '../support/eventually.ts';
import { startRedis } from '../support/redis-server.ts';
import type { EventsProcess } from './events-process.ts';

interface Change {
  readonly id: string;
  readonly kind: string;
  readonly subject: string;
}

interface Running {
  readonly url: string;
  readonly child: ChildProcess;
  /** As when the machine dies. */
  kill(): Promise<void>;
}

async function startProcess(
  t: TestContext,
  options: EventsProcess,
  onChange?: (change: Change, child: ChildProcess) => void,
): Promise<Running> {
  const child = fork(join(ROOT, 'test/redis/events-process.ts'), [JSON.stringify(options)], {
    execArgv: [...TYPESCRIPT_ANYWHERE],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const kill = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  };
  t.after(kill);
  const [url] = (await once(child, 'message')) as [string];
  if (onChange !== undefined) child.on('message', (change: Change) => onChange(change, child));
  return { url, child, kill };
}

async function startKeycloak(t: TestContext): Promise<DevIdp> {
  const idp = await startTestIdp({ realm: readEventsRealm() });
  t.after(() => idp.close());
  return idp;
}

const login = async (idp: DevIdp): Promise<string> => {
  const answer = await fetch(`${idp.issuer}/protocol/openid-connect/token`, {
    method: 'POST',
    body: new URLSearchParams({
      ...{ grant_type: 'password', username: 'abdullah', password: 'Test#123456', scope: 'openid' },
      ...{ client_id: 'fastapi-keycloak', client_secret: 'for-development-only' },
    }),
  });
  return ((await answer.json()) as { access_token: string }).access_token;
};
const call = async ({ url }: Running, token: string): Promise<number> =>
  (await fetch(url, { headers: { authorization: `Bearer ${token}` } })).status;
const statusOf = async ({ url }: Running) => (await (await fetch(`${url}/status`)).json()) as EventsStatus;

test('a process that starts never lets in a token that another had refused, nor one that was ended while none ran', async (t) => {
  const [redis, idp] = [await startRedis(t), await startKeycloak(t)];
  const options = { serverUrl: idp.url, redisUrl: redis.url };
  const first = await startProcess(t, options);
  await eventually('it hears', async () => (await statusOf(first)).isHealthy);
  for (let round = 0; round < 3; round++) {
    const before = await startProcess(t, options);
    const [refused, ended] = [await login(idp), await login(idp)];
    assert.equal(await call(before, refused), 200);
    idp.disableUser('abdullah');
    await eventually('it is refused', async () => (await call(before, refused)) === 401);
    idp.enableUser('abdullah');
    // Keycloak takes it again, but its session ends while nobody listens.
    await Promise.all([before.kill(), first.kill()]);
    for (const id of idp.sessionsOf('abdullah')) await idp.endSession(id);
    const after = await startProcess(t, options);
    const begin = performance.now();
    while (performance.now() - begin < 1_500) {
      for (const token of [refused, ended]) assert.equal(await call(after, token), 401);
    }
    assert.equal(await call(after, await login(idp)), 200);
    await after.kill();
  }
});

test('one process reads for all, and another goes on when it is killed', async (t) => {
  const [redis, idp] = [await startRedis(t), await startKeycloak(t)];
  const options = { serverUrl: idp.url, redisUrl: redis.url };
  const both = [await startProcess(t, options), await startProcess(t, options)];
  for (const one of both) await eventually('it hears', async () => (await statusOf(one)).isHealthy);
  const [first] = await Promise.all(both.map(statusOf));
  const [reader, other] = (first?.isReader ? both : both.toReversed()) as [Running, Running];
  assert.equal((await statusOf(other)).calls, 0);
  const token = await login(idp);
  assert.equal(await call(other, token), 200);
  await reader.kill();
  for (const id of idp.sessionsOf('abdullah')) await idp.endSession(id);
  await eventually('the other one refuses', async () => (await call(other, token)) === 401, 25_000);
  assert.ok((await statusOf(other)).isReader);
  redis.freeze();
  await eventually('without Redis they are not heard', async () => !(await statusOf(other)).isHealthy);
  redis.thaw();
  await eventually('they are again', async () => (await statusOf(other)).isHealthy);
});

test('of 300 changes of users none is missed, though the process is killed again and again', async (t) => {
  const [redis, idp] = [await startRedis(t), await startKeycloak(t)];
  const options = { serverUrl: idp.url, redisUrl: redis.url, tellsChanges: true };
  const heard: Change[] = [];
  const onChange = (change: Change, child: ChildProcess) => {
    heard.push(change);
    child.send(change.id, () => {});
  };
  let running = await startProcess(t, options, onChange);
  await eventually('it hears', async () => (await statusOf(running)).isHealthy);
  idp.updateUser('abdullah', { firstName: 'first' });
  await eventually('the first is told', () => heard.length > 0);
  for (let i = 0; i < 300; i++) {
    idp.updateUser('abdullah', i % 3 === 0 ? { enabled: i % 2 === 0 } : { firstName: `name ${i}` });
    if (i % 100 !== 99) continue;
    await new Promise((resolve) => setTimeout(resolve, i));
    await running.kill();
    running = await startProcess(t, options, onChange);
  }
  const ids = () => new Set(heard.map(({ id }) => id));
  await eventually('all are told', () => ids().size === 301, 60_000);
  const once = [...ids()].map((id) => heard.find((change) => change.id === id)?.kind);
  const expected = Array.from({ length: 300 }, (_, i) =>
    i % 3 === 0 && i % 2 !== 0 ? 'disabled' : 'changed',
  );
  assert.deepEqual(once, ['changed', ...expected]);
});
