import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildTestApp } from './service.ts';

const NOWHERE = 'http://127.0.0.1:9';
const OWN = /^[0-9a-f]{8}-[0-9a-z]+$/;

for (const [trusted, remoteAddress, isBelieved] of [
  ['10.0.0.0/8', '10.1.2.3', true],
  ['10.0.0.0/8', '192.0.2.1', false],
  ['10.0.0.0/8', '::ffff:10.1.2.3', true],
  ['loopback, 2001:db8::1', '2001:db8::1', true],
  ['loopback, 2001:db8::1', '2001:db8::2', false],
  ['false', '127.0.0.1', false],
] as const) {
  const what = `X-Request-Id from ${remoteAddress} with TRUST_PROXY=${trusted}`;
  test(`${what} is ${isBelieved ? 'taken over' : 'not believed'}`, async (t) => {
    const { app } = await buildTestApp(t, NOWHERE, { TRUST_PROXY: trusted });
    const headers = { 'x-request-id': 'from-outside', 'x-forwarded-for': '10.1.2.3' };
    const answer = await app.inject({ url: '/nothing', headers, remoteAddress });
    const id = String(answer.headers['x-request-id']);
    if (isBelieved) assert.equal(id, 'from-outside');
    else assert.match(id, OWN);
  });
}

test('an X-Request-Id of a trusted proxy that is no id is replaced', async (t) => {
  const { app } = await buildTestApp(t, NOWHERE, { TRUST_PROXY: 'loopback' });
  for (const id of ['', 'a b', 'x'.repeat(65), '"}', 'ä', 'a, b']) {
    const answer = await app.inject({ url: '/nothing', headers: { 'x-request-id': id } });
    assert.match(String(answer.headers['x-request-id']), OWN, id);
  }
});
