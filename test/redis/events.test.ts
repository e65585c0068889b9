import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { EventsStatus } from '../../packages/guard/src/events/index.ts';
import { openRedis, type RedisConnection } from '../../packages/guard/src/redis/index.ts';
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

async function connect(t: TestContext, url: string): Promise<RedisConnection> {
  const client = openRedis({ url, onNotice: false });
  t.after(() => client.close());
  await eventually('it is connected', () => client.isReady);
  return client;
}

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

test('each process reads for itself, with Redis or without, and an event is written there once', async (t) => {
  const [redis, idp] = [await startRedis(t), await startKeycloak(t)];
  const options = { serverUrl: idp.url, redisUrl: redis.url };
  const both = [await startProcess(t, options), await startProcess(t, options)] as const;
  for (const one of both) await eventually('it reads', async () => (await statusOf(one)).isHealthy);
  const client = await connect(t, redis.url);
  const written = () => client.run((it) => it.xLen('keycloak-guard:revocations'));
  const endAll = async (token: string) => {
    for (const one of both) assert.equal(await call(one, token), 200);
    for (const id of idp.sessionsOf('abdullah')) await idp.endSession(id);
    for (const one of both) await eventually('it refuses', async () => (await call(one, token)) === 401);
  };
  const before = await written();
  for (let round = 1; round <= 5; round++) {
    await endAll(await login(idp));
    await eventually('it is written', async () => (await written()) >= before + round);
  }
  // Two that read in the same moment may both write one; without a look at what is there, they write all ten.
  assert.ok((await written()) < before + 10, `${(await written()) - before} entries of five events`);
  redis.freeze();
  t.after(() => redis.thaw());
  await endAll(await login(idp));
  for (const one of both) assert.ok((await statusOf(one)).isHealthy);
});

/** Puts values of its own in the place of all that is there. */
const SEIZE = `
for _, key in ipairs(redis.call('KEYS', 'keycloak-guard:*')) do
  local kind = redis.call('TYPE', key).ok
  if kind == 'stream' then redis.call('XTRIM', key, 'MAXLEN', 0)
  elseif kind == 'hash' then for _, field in ipairs(redis.call('HKEYS', key)) do redis.call('HSET', key, field, '{}') end
  elseif kind == 'string' then redis.call('SET', key, 'attacker') end
end`;

test('whoever writes to Redis keeps nobody in: a disabled user is out all the same', async (t) => {
  const [redis, idp] = [await startRedis(t), await startKeycloak(t)];
  const one = await startProcess(t, { serverUrl: idp.url, redisUrl: redis.url });
  await eventually('it reads', async () => (await statusOf(one)).isHealthy);
  const client = await connect(t, redis.url);
  const token = await login(idp);
  assert.equal(await call(one, token), 200);
  let attacks = 0;
  const attack = setInterval(() => {
    void client
      .run((it) => it.eval(SEIZE, { keys: [], arguments: [] }))
      .then(
        () => void attacks++,
        () => {},
      );
  }, 50);
  t.after(() => clearInterval(attack));
  idp.disableUser('abdullah');
  await eventually('it is refused', async () => (await call(one, token)) === 401);
  assert.ok((await statusOf(one)).isHealthy && attacks > 0);
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
