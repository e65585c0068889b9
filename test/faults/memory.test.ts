import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createVerifier } from '../../packages/guard/src/core/index.ts';
import { createPasswordQueue } from '../../packages/server/src/services/auth-service.ts';
import { createFailedLogins } from '../../packages/server/src/services/turns.ts';
import { buildTestApp, configFor, startIdp } from '../server/service.ts';

test('however many tokens come, no more are kept than allowed', async (t) => {
  const idp = await startIdp(t);
  const { serverUrl, realm, clientId, clientSecret } = configFor(idp.url);
  const verifier = createVerifier({ serverUrl, realm, clientId, clientSecret, maxCachedTokens: 20 });
  t.after(() => verifier.close());
  const { app } = await buildTestApp(t, idp.url, {}, { verifier });
  for (let i = 0; i < 60; i++) {
    const token = await idp.issueToken({ username: 'abdullah', clientId });
    const headers = { authorization: `Bearer ${token}` };
    assert.equal((await app.inject({ url: '/protected', headers })).statusCode, 200);
    assert.equal((await app.inject({ url: '/protected', headers: junk(i) })).statusCode, 401);
  }
  assert.equal(verifier.status().cachedTokens, 20);
});

const junk = (i: number) => ({ authorization: `Bearer eyJhbGciOiJSUzI1NiJ9.eyJpIjoke2l9.${i}` });

test('failed logins from more addresses than are remembered forget the oldest', () => {
  const failed = createFailedLogins();
  failed.add('the first');
  for (let i = 0; i < 50_000; i++) failed.add(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`);
  assert.equal(failed.of('the first'), 0);
  assert.equal(failed.of('10.0.195.79'), 1);
});

test('a queue that was full of logins from everywhere keeps nothing of them', async () => {
  const queue = createPasswordQueue({ maxInFlight: 4, maxWaiting: 1_000, maxWaitMs: 60_000 });
  const check = () => new Promise((resolve) => setImmediate(resolve));
  const logins = Array.from({ length: 3_000 }, (_, i) => queue.run(check, `10.0.${i >> 8}.${i & 255}`));
  const done = await Promise.allSettled(logins);
  assert.equal(done.filter(({ status }) => status === 'fulfilled').length, 1_004);
  assert.deepEqual([queue.inFlight, queue.waiting], [0, 0]);
});
