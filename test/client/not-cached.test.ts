import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPermissions } from '../../packages/guard/src/authz/index.ts';
import { createClient } from '../../packages/guard/src/client/index.ts';
import { toNotCached } from '../../packages/guard/src/core/realm/fetch-json.ts';
import { CALL_KINDS } from '../../packages/guard/src/core/realm/observed-call.ts';
import { createTestRealm } from '../support/test-realm.ts';

test('no framework keeps what Keycloak answers: each call says no-store, of whichever kind it is', async (t) => {
  const realm = createTestRealm();
  const sent: [url: string, cache: string | undefined][] = [];
  const kinds = new Set<string>();
  // As Next.js does, in place of the global one.
  t.mock.method(globalThis, 'fetch', async (input: string | URL, init: RequestInit = {}) => {
    sent.push([String(input), init.cache]);
    const answer = await realm.fetch(input, init);
    if (answer.status !== 404) return answer;
    const isToken = String(init.body).includes('client_credentials');
    const body = isToken
      ? { access_token: realm.mint(), token_type: 'Bearer', expires_in: 60 }
      : { error: 'invalid_grant', error_description: 'x' };
    return Response.json(body, { status: isToken ? 200 : 400 });
  });
  const { serverUrl, realm: name, clientId, clientSecret, clock } = realm;
  const observers = [{ call: ({ kind }: { kind: string }) => void kinds.add(kind) }];
  const common = { serverUrl, realm: name, clientId, clientSecret, observers };
  const client = createClient(common);
  const options = { fetch: undefined, clock, observers };
  const remote = realm.verifier({ ...options, clientSecret, tokenCheck: 'remote' });
  const token = realm.mint({ scope: 'openid' });
  const principal = await remote.verify(token);
  const withoutSecret = realm.verifier({ ...options, clientSecret: undefined, tokenCheck: 'remote' });
  await withoutSecret.verify(token);
  realm.advance(60);
  const tries = [
    () => withoutSecret.verify(token),
    () => client.passwordGrant({ username: 'a', password: 'b' }),
    () => client.refresh('r'),
    () => client.logout('r'),
    () => client.endSession(token, 's'),
    () => client.clientCredentials(),
    () => client.exchange({ subjectToken: token, audience: 'orders' }),
    () => client.revoke(token),
    () => client.callApi(token, 'https://orders.internal/1'),
    () => client.startAuthorization({ redirectUri: 'https://app.example.com/cb' }),
    () =>
      client.exchangeCode({
        code: 'c',
        redirectUri: 'https://app.example.com/cb',
        codeVerifier: 'v'.repeat(43),
      }),
    () => client.deviceGrant(() => {}),
    () => createPermissions({ verifier: remote, clientSecret }).list(principal),
  ];
  for (const run of tries) await Promise.resolve(run()).catch(() => {});
  // Events and permissions are asked for by the same function as keys.
  const others = new Set(['other', 'token', 'pushed_request', 'events', 'permission']);
  assert.deepEqual(
    [...kinds].filter((one) => !others.has(one)).sort(),
    CALL_KINDS.filter((one) => !others.has(one)).sort(),
  );
  assert.ok(sent.length >= tries.length);
  assert.deepEqual(
    sent.filter(([, cache]) => cache !== 'no-store'),
    [],
  );
});

test('a runtime that throws at the member cache is sent none', () => {
  class Strict {
    constructor() {
      throw new TypeError('cache is not implemented');
    }
  }
  assert.deepEqual(toNotCached(Strict as unknown as typeof Request), {});
  assert.deepEqual(toNotCached(), { cache: 'no-store' });
});
