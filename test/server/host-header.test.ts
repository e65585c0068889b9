import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { openRawClient } from '../support/raw-client.ts';
import { buildTestApp } from './service.ts';

async function setUp(t: TestContext) {
  const { app } = await buildTestApp(t, 'http://127.0.0.1:9');
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  return async (path: string, version: string, ...headers: string[]) => {
    const client = await openRawClient(url);
    client.socket.write(
      [`GET ${path} HTTP/${version}`, ...headers, 'Connection: close', '', ''].join('\r\n'),
    );
    await client.ended;
    return client.received();
  };
}

test('a request with two Host headers is 400, whatever is in them and however they are written', async (t) => {
  const talk = await setUp(t);
  for (const headers of [
    ['Host: a', 'Host: a'],
    ['Host: a', 'Host: evil.test'],
    ['hOsT: a', 'X: y', 'HOST: b'],
    ['Host:', 'Host: a'],
  ]) {
    for (const version of ['1.1', '1.0']) {
      const answer = await talk('/', version, ...headers);
      assert.match(
        answer,
        /^HTTP\/1\.1 400 Bad Request\r\n[\s\S]*\r\n\r\n\{"detail":"Bad Request"\}$/,
        headers.join(),
      );
      assert.match(answer, /^connection: close\r$/im);
      assert.match(answer, /^cache-control: no-store\r$/m);
    }
  }
});

test('a request that names one host is answered, whatever kind of host it is', async (t) => {
  const talk = await setUp(t);
  for (const host of [
    'a',
    'a.example:8000',
    '192.0.2.1:80',
    '[2001:db8::1]:8000',
    '[::1]',
    'a_b.test',
    'a.',
    '',
  ]) {
    assert.match(await talk('/health/live', '1.1', `Host: ${host}`), /^HTTP\/1\.1 200 OK\r\n/, host);
  }
  assert.match(await talk('/health/live', '1.0'), /^HTTP\/1\.1 200 OK\r\n/);
});
