import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createClient } from '../../packages/guard/src/client/index.ts';
import { buildTestApp, SECRET, startIdp } from './service.ts';

const PUBLIC_URL = 'https://api.example.com';

/** A service, and two tokens: one that is bound to a key, and one that is not. */
async function setUp(t: Parameters<typeof startIdp>[0], DPOP: string) {
  const idp = await startIdp(t);
  const { app, log } = await buildTestApp(t, idp.url, {
    DPOP,
    PUBLIC_URL,
    CORS_ORIGINS: 'https://app.example.com',
  });
  const sent: Record<string, string>[] = [];
  const client = createClient({
    serverUrl: idp.url,
    realm: 'testing',
    clientId: 'fastapi-keycloak',
    clientSecret: SECRET,
    dpop: true,
    // The API is behind a proxy: what goes to its public URL gets here without a socket.
    fetch: (async (input: string, init: RequestInit) => {
      if (!input.startsWith(PUBLIC_URL)) return fetch(input, init);
      const headers = Object.fromEntries(new Headers(init.headers));
      sent.push(headers);
      const { pathname } = new URL(input);
      const answer = await app.inject({ url: pathname, headers: { ...headers, host: 'internal:3000' } });
      return new Response(answer.body, {
        status: answer.statusCode,
        headers: answer.headers as Record<string, string>,
      });
    }) as typeof fetch,
  });
  const { accessToken } = await client.passwordGrant({ username: 'abdullah', password: 'Test#123456' });
  const plain = await idp.issueToken({ username: 'abdullah' });
  const asBearer = async (token: string) => {
    const answer = await app.inject({ url: '/protected', headers: { authorization: `Bearer ${token}` } });
    return [answer.statusCode, String(answer.headers['www-authenticate'])] as const;
  };
  return { app, log, client, accessToken, plain, asBearer, sent };
}

test('DPOP=off refuses tokens that are bound to a key', async (t) => {
  const { client, accessToken, plain, asBearer } = await setUp(t, 'off');
  assert.equal((await client.callApi(accessToken, `${PUBLIC_URL}/protected`)).status, 401);
  assert.equal((await asBearer(plain))[0], 200);
  assert.match(
    (await asBearer(accessToken))[1],
    /^Bearer error="invalid_token"[^,]*, error_description="[^"]*"$/,
  );
});

test('DPOP=accepted takes them with a proof for the public URL, and bearer tokens', async (t) => {
  const { app, log, client, accessToken, plain, asBearer, sent } = await setUp(t, 'accepted');
  const answer = await client.callApi(accessToken, `${PUBLIC_URL}/protected`);
  assert.deepEqual([answer.status, (await answer.json()).preferred_username], [200, 'abdullah']);
  assert.equal((await asBearer(plain))[0], 200);
  const [status, challenge] = await asBearer(accessToken);
  assert.equal(status, 401);
  assert.match(challenge, /^Bearer error="invalid_token", .*, DPoP algs="/);
  const again = await app.inject({ url: '/protected', headers: sent[0] as Record<string, string> });
  assert.equal(again.statusCode, 401);
  assert.match(String(again.headers['www-authenticate']), /DPoP algs="[^"]+", error="invalid_dpop_proof"/);
  assert.ok(!log.text().includes(accessToken.slice(-20)));
  assert.ok(!log.text().includes(String(sent[0]?.dpop).slice(-20)));
});

test('DPOP=required takes no other token, and pages of other origins may send proofs', async (t) => {
  const { app, client, accessToken, plain, asBearer } = await setUp(t, 'required');
  assert.equal((await client.callApi(accessToken, `${PUBLIC_URL}/protected`)).status, 200);
  for (const token of [plain, accessToken]) {
    const [status, challenge] = await asBearer(token);
    assert.equal(status, 401);
    assert.match(challenge, /^DPoP algs="[^"]+", error="invalid_token"/);
  }
  const preflight = await app.inject({
    method: 'OPTIONS',
    url: '/protected',
    headers: {
      origin: 'https://app.example.com',
      'access-control-request-method': 'GET',
      'access-control-request-headers': 'authorization,dpop',
    },
  });
  assert.match(String(preflight.headers['access-control-allow-headers']), /DPoP/);
});
