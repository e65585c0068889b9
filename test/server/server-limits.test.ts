import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { MAIN } from '../cli/support/program.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { openRawClient } from '../support/raw-client.ts';
import { buildTestApp, settingsFor } from './service.ts';

/** Bounds that a test can wait for. For the rest Keycloak is not needed. */
const SHORT = { REQUEST_TIMEOUT_MS: '600', LOGIN_WAIT_MS: '100', KEYCLOAK_TIMEOUT_MS: '100' };
/** Later than any bound, on a machine on which other work runs. */
const LATE_MS = 30_000;

async function listen(t: TestContext, settings: Record<string, string> = SHORT) {
  const { app, log } = await buildTestApp(t, 'http://127.0.0.1:1', settings);
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  return { app, url, log };
}

/** Sends a byte now and then until the connection ends. */
function drip(socket: { writable: boolean; write(text: string): unknown }, text: string): NodeJS.Timeout {
  let at = 0;
  const timer = setInterval(() => {
    if (socket.writable) socket.write(text[at++ % text.length] ?? ' ');
    else clearInterval(timer);
  }, 50);
  return timer;
}

test('slow headers, slow bodies and silence end in bounded time, while others are answered', async (t) => {
  const { url } = await listen(t);
  const attackers = await Promise.all(
    Array.from({ length: 15 }, async (_, i) => {
      const client = await openRawClient(url);
      t.after(() => client.socket.destroy());
      if (i % 3 === 0) client.socket.write('GET / HTTP/1.1\r\nHost: x\r\n');
      if (i % 3 === 1) {
        const head = 'POST /login HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n';
        client.socket.write(`${head}Content-Length: 4000\r\n\r\nusername=`);
      }
      if (i % 3 !== 2) {
        const timer = drip(client.socket, i % 3 === 0 ? 'X-A: b\r\n' : 'aaaa');
        t.after(() => clearInterval(timer));
      }
      return client;
    }),
  );
  let isAttacked = true;
  let answered = 0;
  const good = (async () => {
    while (isAttacked) {
      const answer = await fetch(`${url}/health/live`);
      assert.equal(answer.status, 200);
      await answer.text();
      answered++;
    }
  })();
  const lived = await Promise.all(attackers.map(({ ended }) => ended));
  isAttacked = false;
  await good;
  assert.ok(Math.max(...lived) < LATE_MS, `the longest lived ${Math.round(Math.max(...lived))} ms`);
  for (const { received } of attackers) {
    assert.match(received(), /^HTTP\/1\.1 408 Request Timeout\r\n[\s\S]*\{"detail":"Request Timeout"\}$/);
  }
  assert.ok(answered > 2, `${answered} good requests`);
});

test('who asks for much and reads nothing is cut off', async (t) => {
  const { app, url } = await listen(t);
  const { socket } = await openRawClient(url);
  t.after(() => socket.destroy());
  socket.pause();
  const script = 'GET /docs/static/swagger-ui-bundle.js HTTP/1.1\r\nHost: x\r\n\r\n';
  socket.write(script.repeat(50));
  const count = () =>
    new Promise<number>((resolve, reject) =>
      app.server.getConnections((error, n) => (error ? reject(error) : resolve(n))),
    );
  await eventually('it is there', async () => (await count()) === 1);
  await eventually('it is gone', async () => (await count()) === 0, LATE_MS);
});

test('headers and bodies that are too large are 431 and 413', async (t) => {
  const { url } = await listen(t);
  const large = await openRawClient(url);
  large.socket.write(`GET / HTTP/1.1\r\nHost: x\r\nX-Large: ${'a'.repeat(20_000)}\r\n\r\n`);
  await large.ended;
  assert.match(large.received(), /^HTTP\/1\.1 431 /);
  for (const body of [new URLSearchParams({ username: 'a'.repeat(20_000) }), streamOf(20_000)]) {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const init = { method: 'POST', body, headers, duplex: 'half' } as RequestInit;
    const answer = await fetch(`${url}/login`, init);
    assert.equal(answer.status, 413);
    assert.deepEqual(await answer.json(), { detail: 'Content Too Large' });
  }
});

const streamOf = (bytes: number) =>
  new ReadableStream({
    start(controller) {
      controller.enqueue(new Uint8Array(bytes).fill(97));
      controller.close();
    },
  });

test('more connections than allowed are closed at once, and idle ones make room', async (t) => {
  const { url, log } = await listen(t, { MAX_CONNECTIONS: '5' });
  const idle = await Promise.all(Array.from({ length: 5 }, () => openRawClient(url)));
  t.after(() => {
    for (const { socket } of idle) socket.destroy();
  });
  for (const client of idle) client.socket.write('GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n');
  await eventually('all are answered', () => idle.every(({ received }) => received().includes('alive')));
  const refused = await openRawClient(url);
  await refused.ended;
  assert.equal(refused.received(), '');
  await Promise.all(idle.map(({ ended }) => ended));
  const next = await openRawClient(url);
  next.socket.write('GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  await next.ended;
  assert.match(next.received(), /^HTTP\/1\.1 200 /);
  assert.ok(log.lines().some(({ code }) => code === 'too_many_connections'));
});

test('whoever opens more connections than the process may open files does not end it', async (t) => {
  const port = await freePort();
  const { PATH = '' } = process.env;
  const settings = settingsFor('http://127.0.0.1:9', { HOST: '127.0.0.1', PORT: String(port) });
  const child = spawn('sh', ['-c', `ulimit -n 64; exec "$0" "${MAIN}" serve`, process.execPath], {
    env: { PATH, ...settings },
    stdio: 'ignore',
  });
  t.after(() => child.kill('SIGKILL'));
  const url = `http://127.0.0.1:${port}`;
  const isAlive = () =>
    fetch(`${url}/health/live`, { headers: { connection: 'close' } }).then(
      ({ ok }) => ok,
      () => false,
    );
  await eventually('it listens', isAlive);
  const many = Array.from({ length: 100 }, () => connect(port, '127.0.0.1').on('error', () => {}));
  // It measures itself once a second.
  await sleep(3_000);
  for (const socket of many) socket.destroy();
  await eventually('it answers again', isAlive);
  assert.equal(child.exitCode, null);
});
