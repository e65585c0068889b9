import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { test } from 'node:test';
import { runProgram } from '../cli/support/program.ts';
import { eventually } from '../support/eventually.ts';
import { form, PASSWORD, settingsFor, startIdp } from './service.ts';

test('SIGTERM under load: first not ready, then every request is answered, then it ends', async (t) => {
  const idp = await startIdp(t);
  const program = runProgram(
    ['serve'],
    settingsFor(idp.url, {
      SHUTDOWN_DELAY_MS: '3000',
    }),
  );
  t.after(() => program.stop());
  const [, url = ''] = await program.says(/open (http:\/\/localhost:\d+)\/docs/);
  const isReady = async () => (await fetch(`${url}/health/ready`)).status === 200;
  await eventually('ready', isReady);
  const { headers, payload } = form({ username: 'abdullah', password: PASSWORD });
  const login = await fetch(`${url}/login`, { method: 'POST', headers, body: payload });
  const { access_token } = (await login.json()) as { access_token: string };

  // As a load balancer does: requests go here for as long as it is ready.
  let isSending = true;
  let answered = 0;
  const failed: unknown[] = [];
  const callers = Array.from({ length: 8 }, async () => {
    while (isSending) {
      try {
        const answer = await fetch(`${url}/protected`, {
          headers: { authorization: `Bearer ${access_token}` },
        });
        await answer.text();
        if (answer.status === 200) answered++;
        else failed.push(answer.status);
      } catch (error) {
        failed.push(error);
      }
    }
  });
  await eventually('requests run', () => answered > 20);
  const ended = program.stop();
  await eventually('not ready', async () => !(await isReady()));
  const draining = await fetch(`${url}/health/live`);
  assert.equal(draining.status, 200);
  assert.equal(draining.headers.get('connection'), 'close', 'a proxy lets go of the connection');
  const before = answered;
  await eventually('it answers while it drains', () => answered > before + callers.length);
  isSending = false;
  await Promise.all(callers);
  assert.deepEqual(failed, []);
  assert.equal(await ended, 0);
  assert.ok(program.stdout().includes('SIGTERM: closing'));
});

test('SIGTERM while it starts is not lost: it closes as soon as it has begun', async (t) => {
  // A Redis that never answers keeps it waiting for the logouts of others.
  const redis = createServer().listen(0, '127.0.0.1');
  t.after(() => redis.close());
  await once(redis, 'listening');
  const { port } = redis.address() as AddressInfo;
  const settings = { REDIS_URL: `redis://127.0.0.1:${port}`, KEYCLOAK_EVENTS: 'off' };
  const program = runProgram(['serve'], settingsFor('http://127.0.0.1:1', settings));
  t.after(() => program.stop());
  await once(redis, 'connection');
  assert.equal(await program.stop(), 0);
  assert.ok(program.stdout().includes('SIGTERM: closing'));
});

test('a port that is taken ends the program, whatever else it has opened by then', async (t) => {
  const other = createServer().listen(0, '127.0.0.1');
  t.after(() => other.close());
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  const program = runProgram(
    ['serve'],
    settingsFor('http://127.0.0.1:1', {
      HOST: '127.0.0.1',
      PORT: String(port),
      METRICS_PORT: '0',
      REDIS_URL: 'redis://127.0.0.1:1',
    }),
  );
  t.after(() => program.stop());
  assert.equal(await program.ended, 1);
  assert.match(program.stderr(), new RegExp(`port ${port} is taken`));
});
