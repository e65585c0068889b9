import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../../support/eventually.ts';
import { PASSWORD } from '../service.ts';
import { type Connection, callProtected, childrenOf, login, startWorkers } from './processes.ts';

const REVOKED = 'Bearer error="invalid_token", error_description="The access token was revoked"';

test('a logout at one worker is 401 at the others within 100 ms, and counts at the one that takes its place', async (t) => {
  const workers = await startWorkers(t, 2);
  const connections = (await workers.connectToEach(2)) as [Connection, Connection];
  const times: number[] = [];
  let tokens = await login(connections[0]);
  for (let round = 0; round < 10; round++) {
    tokens = await login(connections[0]);
    for (const connection of connections) {
      assert.equal((await callProtected(connection, tokens.access_token)).status, 200);
    }
    const { refresh_token } = tokens;
    assert.equal((await connections[1].send('/logout', { form: { refresh_token } })).status, 204);
    const began = performance.now();
    for (const connection of connections) {
      await eventually('401', async () => {
        const answer = await callProtected(connection, tokens.access_token);
        if (answer.status === 401) assert.equal(answer.headers['www-authenticate'], REVOKED);
        return answer.status === 401;
      });
    }
    times.push(performance.now() - began);
  }
  times.sort((a, b) => a - b);
  t.diagnostic(`median ${times[5]?.toFixed(1)} ms, longest ${times[9]?.toFixed(1)} ms`);
  // One of the quickest: other work on the machine may hold up half of them.
  assert.ok(times[2]! < 100);

  const before = childrenOf(workers.program.pid);
  assert.equal(before.length, 2);
  process.kill(before[0]!, 'SIGKILL');
  await workers.program.says(/"code":"worker_died"/);
  await eventually('those that are left are ready before there is another', async () => {
    const probe = workers.connect();
    const answer = await probe.send('/health/ready').catch(() => undefined);
    probe.close();
    return answer?.status === 200;
  });
  assert.equal(workers.program.stdout().match(/listening at/g)?.length, 2, 'the other does not listen yet');
  await eventually(
    'another worker',
    () => {
      const now = childrenOf(workers.program.pid);
      return now.length === 2 && !now.includes(before[0]!);
    },
    60_000,
  );
  await eventually(
    'all are ready',
    async () => {
      const probe = workers.connect();
      const answer = await probe.send('/health/ready').catch(() => undefined);
      probe.close();
      return answer?.status === 200;
    },
    60_000,
  );
  for (const connection of await workers.connectToEach(2)) {
    assert.equal((await callProtected(connection, tokens.access_token)).status, 401);
  }
});

test('workers share limits on logins, sessions of browsers and metrics', async (t) => {
  const workers = await startWorkers(t, 2, { LOGINS_PER_MINUTE_AND_ADDRESS: '3', METRICS_PORT: '0' });
  const [one, other] = (await workers.connectToEach(2)) as [Connection, Connection];
  const form = { username: 'abdullah', password: PASSWORD };
  const answers = [];
  for (const connection of [one, other, one, other]) answers.push(await connection.send('/login', { form }));
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 200, 200, 429],
  );

  // The sign-in begins at one and ends at the other: they have one secret, although none is set.
  const begun = await one.send('/auth/login');
  const { origin, searchParams } = new URL(String(begun.headers.location));
  const state = searchParams.get('state') ?? '';
  const query = new URLSearchParams({ state, error: 'access_denied', iss: `${origin}/realms/testing` });
  const cookie = String(begun.headers['set-cookie']).split(';')[0];
  const back = await other.send(`/auth/callback?${query}`, { headers: { cookie } });
  assert.equal(back.status, 403);
  assert.match(back.body, /cancelled/i);

  const [, metricsUrl = ''] = await workers.program.says(/metrics at (http:\/\/[\d.:]+\/metrics)/);
  const metrics = await (await fetch(metricsUrl)).text();
  assert.match(metrics, /^http_request_duration_seconds_count\{route="\/login",status="200"\} 3$/m);
  assert.match(metrics, /^keycloak_guard_keycloak_up 1$/m);
  assert.match(metrics, /^keycloak_guard_workers_replaced_total 0$/m);
});

test('SIGTERM to all processes under load: every request is answered, and they end', async (t) => {
  const workers = await startWorkers(t, 2, { SHUTDOWN_DELAY_MS: '5000' });
  const { access_token } = await login(workers.connect());
  let isSending = true;
  let answered = 0;
  const failed: unknown[] = [];
  const callers = Array.from({ length: 6 }, async () => {
    const connection = workers.connect();
    while (isSending) {
      const answer = await callProtected(connection, access_token).catch((error: unknown) => error);
      if ((answer as { status?: number }).status === 200) answered++;
      else failed.push(answer);
    }
  });
  await eventually('requests run', () => answered > 100);
  for (const pid of childrenOf(workers.program.pid)) process.kill(pid, 'SIGTERM');
  const ended = workers.program.stop();
  const probe = workers.connect();
  await eventually('not ready', async () => (await probe.send('/health/ready')).status === 503);
  isSending = false;
  await Promise.all(callers);
  assert.deepEqual(failed, []);
  assert.equal(await ended, 0);
});

test('what keeps one worker from starting is said once, and ends the program', async (t) => {
  const { url } = await startWorkers(t, 2);
  const port = new URL(url).port;
  await assert.rejects(startWorkers(t, 3, { PORT: port }), (error: Error) => {
    assert.match(error.message, /^ended with 1: /);
    assert.equal(error.message.split(`port ${port} is taken`).length, 2);
    return true;
  });
});

test('a worker that hangs is killed and replaced, and one that only stood still with all the rest is not', async (t) => {
  const workers = await startWorkers(t, 2, { WORKER_TIMEOUT_MS: '5000' });
  const { program } = workers;
  const before = childrenOf(program.pid);
  for (const pid of [program.pid, ...before]) process.kill(pid, 'SIGSTOP');
  await new Promise((resolve) => setTimeout(resolve, 6_000));
  for (const pid of [program.pid, ...before]) process.kill(pid, 'SIGCONT');
  await new Promise((resolve) => setTimeout(resolve, 500));
  assert.deepEqual(childrenOf(program.pid), before);

  process.kill(before[0]!, 'SIGSTOP');
  await program.says(/"code":"worker_hangs"/);
  await program.says(/"code":"worker_died"/);
  await eventually(
    'another worker',
    () => {
      const now = childrenOf(program.pid);
      return now.length === 2 && now.includes(before[1]!) && !now.includes(before[0]!);
    },
    60_000,
  );
  await workers.connectToEach(2);
});
