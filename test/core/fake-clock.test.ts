// A test's own fake clock is started when it pleases, before or after the guard was made.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { createClient } from '../../packages/guard/src/client/index.ts';
import { createVerifier } from '../../packages/guard/src/core/index.ts';
import { assertRefused } from '../support/refusal.ts';
import { createTestRealm } from '../support/test-realm.ts';

it('a clock that a test fakes after the guard was made reaches it: a token expires', async (t) => {
  const { serverUrl, realm, clientId, fetch, mint, clock } = createTestRealm();
  const verifier = createVerifier({ serverUrl, realm, clientId, fetch, onNotice: false });
  t.mock.timers.enable({ apis: ['Date'], now: clock() });
  const token = mint({ exp: Math.floor(clock() / 1000) + 60 });
  await verifier.verify(token);
  t.mock.timers.tick(120_000);
  await assertRefused(() => verifier.verify(token), 'token_expired');
  await verifier.close();
});

it('it reaches the token of the application, too, which is asked for again', async (t) => {
  const { serverUrl, realm, clientId, fetch } = createTestRealm();
  let tokens = 0;
  t.mock.method(globalThis, 'fetch', async (url: string, init: RequestInit = {}) =>
    init.method === 'POST'
      ? Response.json({ access_token: `token-${++tokens}`, token_type: 'Bearer', expires_in: 60 })
      : fetch(url, init),
  );
  const own = createClient({ serverUrl, realm, clientId, clientSecret: 'secret' }).serviceToken();
  assert.equal(await own.getAccessToken(), 'token-1');
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 120_000 });
  assert.equal(await own.getAccessToken(), 'token-2');
});

it('a clock that tells no time, as a mock without a result does, makes no token good', async () => {
  const { serverUrl, realm, clientId, fetch, mint, clock } = createTestRealm();
  let time: number | undefined = clock();
  const verifier = createVerifier({
    serverUrl,
    realm,
    clientId,
    fetch,
    onNotice: false,
    clock: () => time as number,
  });
  const token = mint();
  await verifier.verify(token);
  time = Number.NaN;
  await assertRefused(async () => verifier.verify(token), 'token_expired');
  time = undefined;
  await assertRefused(async () => verifier.verify(mint({ exp: 1 })), 'token_not_yet_valid');
  await verifier.close();
});
