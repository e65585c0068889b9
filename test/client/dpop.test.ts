import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ClientOptions, createClient } from '../../packages/guard/src/client/index.ts';
import { OptionsError } from '../../packages/guard/src/core/index.ts';
import { createTestKey, decodePart, signCompact } from '../support/signing-keys.ts';

const INSIDE = 'http://keycloak:8080';
const ISSUER = 'https://sso.example.com/realms/testing';
const key = createTestKey('ES256');
const bound = signCompact({ alg: 'ES256' }, { cnf: { jkt: 'a' } }, key.privateKey, 'ES256');
const plain = signCompact({ alg: 'ES256' }, { sub: 'a' }, key.privateKey, 'ES256');
const TOKENS = { access_token: bound, token_type: 'DPoP', expires_in: 60 };

interface Sent {
  readonly url: string;
  readonly method: string | undefined;
  readonly headers: Headers;
  readonly body: string;
}

/** A Keycloak that is reached by another address than the one it goes by, and an API that is called. */
function setUp(
  answer: (sent: Sent, count: number) => Response,
  more: Partial<ClientOptions> = { dpop: true },
) {
  const sent: Sent[] = [];
  const fetch = (async (input: string, init: RequestInit = {}) => {
    if (input.endsWith('/.well-known/openid-configuration')) {
      return Response.json({ issuer: ISSUER, authorization_endpoint: `${ISSUER}/auth` });
    }
    const one = {
      url: input,
      method: init.method,
      headers: new Headers(init.headers),
      body: String(init.body),
    };
    sent.push(one);
    return answer(one, sent.length);
  }) as typeof globalThis.fetch;
  const client = createClient({ serverUrl: INSIDE, realm: 'testing', clientId: 'my-app', fetch, ...more });
  return { client, sent, proofs: () => sent.map(({ headers }) => headers.get('dpop')) };
}

const claimsOf = (proof: string | null | undefined) => decodePart(String(proof), 1);
const makeKey = (extractable = false) =>
  crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, extractable, ['sign', 'verify']);

describe('a client with a key', () => {
  it('sends a proof for Keycloak as it calls itself, whatever it is reached by', async () => {
    const { client, sent, proofs } = setUp(() => Response.json(TOKENS));
    const tokens = await client.passwordGrant({ username: 'a', password: 'b' });
    assert.equal(tokens.tokenType, 'dpop');
    assert.equal(sent[0]?.url, `${INSIDE}/realms/testing/protocol/openid-connect/token`);
    const { htu, htm, ath } = claimsOf(proofs()[0]);
    assert.deepEqual([htu, htm, ath], [`${ISSUER}/protocol/openid-connect/token`, 'POST', undefined]);
    await client.refresh('r');
    await client.exchangeCode({ code: 'c', redirectUri: 'http://localhost/', codeVerifier: 'v' });
    const jwks = proofs().map((proof) => decodePart<{ jwk: object }>(String(proof), 0).jwk);
    assert.deepEqual(jwks[1], jwks[0]);
    assert.deepEqual(jwks[2], jwks[0]);
    assert.ok(!('d' in (jwks[0] as object)));
  });

  it('logs out with a proof', async () => {
    const { client, sent, proofs } = setUp(() => new Response(null, { status: 204 }));
    await client.logout('a-refresh-token');
    assert.equal(sent[0]?.url, `${INSIDE}/realms/testing/protocol/openid-connect/logout`);
    assert.equal(sent[0]?.body, 'refresh_token=a-refresh-token&client_id=my-app');
    assert.equal(claimsOf(proofs()[0]).htu, `${ISSUER}/protocol/openid-connect/logout`);
  });

  it('goes on with the nonce that Keycloak asks for, once', async () => {
    const asking = () =>
      Response.json({ error: 'use_dpop_nonce' }, { status: 400, headers: { 'dpop-nonce': 'n-1' } });
    const { client, proofs } = setUp((_sent, count) => (count === 1 ? asking() : Response.json(TOKENS)));
    await client.passwordGrant({ username: 'a', password: 'b' });
    assert.deepEqual(
      proofs().map((proof) => claimsOf(proof).nonce),
      [undefined, 'n-1'],
    );
    const refusing = () => Response.json({ error: 'invalid_grant' }, { status: 400 });
    for (const [answer, times] of [
      [asking, 2],
      [refusing, 1],
    ] as const) {
      const never = setUp(answer);
      await assert.rejects(never.client.passwordGrant({ username: 'a', password: 'b' }));
      assert.equal(never.sent.length, times);
    }
  });

  it('binds a login to a key that it was given, and not to one that another replica does not have', async () => {
    const given = await makeKey();
    for (const [dpop, expected] of [
      [given, /^[\w-]{43}$/],
      [true, /^null$/],
      [false, /^null$/],
    ] as const) {
      const { client } = setUp(() => assert.fail(), { dpop });
      const { url } = await client.startAuthorization({ redirectUri: 'http://localhost/' });
      assert.match(String(new URL(url).searchParams.get('dpop_jkt')), expected);
    }
  });

  it('is refused where the key cannot be used', async () => {
    const { privateKey, publicKey } = await makeKey();
    const swapped = { privateKey: publicKey, publicKey: privateKey };
    for (const dpop of ['true', {}, null, swapped, { privateKey }, privateKey]) {
      assert.throws(() => setUp(() => assert.fail(), { dpop: dpop as never }), OptionsError);
    }
  });
});

describe('a call to an API', () => {
  const API = 'https://api.example.com/orders?page=2';

  it('has a proof where the token is bound, else the token alone', async () => {
    const { client, sent } = setUp(() => new Response('ok'));
    const body = JSON.stringify({ a: 1 });
    await client.callApi(bound, API, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json' },
    });
    await client.callApi(plain, new URL(API));
    await client.callApi('opaque', API);
    const [first, second, third] = sent as [Sent, Sent, Sent];
    assert.equal(first.headers.get('authorization'), `DPoP ${bound}`);
    assert.equal(first.headers.get('content-type'), 'application/json');
    assert.deepEqual([first.url, first.method, first.body], [API, 'POST', body]);
    const { htu, htm, ath } = claimsOf(first.headers.get('dpop'));
    assert.deepEqual([htu, htm], ['https://api.example.com/orders', 'POST']);
    assert.equal(typeof ath, 'string');
    assert.equal(second.headers.get('authorization'), `Bearer ${plain}`);
    assert.equal(second.headers.get('dpop'), null);
    assert.equal(third.headers.get('authorization'), 'DPoP opaque');
  });

  it('has a proof for the address that is called, before and after Keycloak is known by another one', async () => {
    const { client, sent, proofs } = setUp((one) =>
      one.body === 'undefined' ? new Response('ok') : Response.json(TOKENS),
    );
    const inside = `${INSIDE}/realms/testing/protocol/openid-connect/userinfo`;
    await client.callApi(bound, inside);
    await client.passwordGrant({ username: 'a', password: 'b' });
    await client.callApi(bound, API);
    await client.callApi(bound, inside);
    assert.deepEqual(
      proofs().map((proof) => claimsOf(proof).htu),
      [
        ...[inside, `${ISSUER}/protocol/openid-connect/token`, 'https://api.example.com/orders'],
        `${ISSUER}/protocol/openid-connect/userinfo`,
      ],
    );
    assert.equal(sent.length, 4);
  });

  it('carries the token alone, whatever else its caller would have shown', async () => {
    const { client, sent } = setUp(() => new Response('ok'));
    for (const token of [plain, bound])
      await client.callApi(token, API, { headers: { authorization: 'Basic eA==' } });
    assert.deepEqual(
      sent.map(({ headers }) => headers.get('authorization')),
      [`Bearer ${plain}`, `DPoP ${bound}`],
    );
  });

  it('is sent again with the nonce that the API asks for, and the answer is given back whatever it is', async () => {
    const challenge = { 'www-authenticate': 'Bearer, DPoP algs="ES256", error="use_dpop_nonce"' };
    const asking = () => new Response('no', { status: 401, headers: { ...challenge, 'dpop-nonce': 'n-2' } });
    const { client, proofs } = setUp((_sent, count) => (count === 1 ? asking() : new Response('ok')));
    assert.equal(await (await client.callApi(bound, API)).text(), 'ok');
    assert.deepEqual(
      proofs().map((proof) => claimsOf(proof).nonce),
      [undefined, 'n-2'],
    );
    const never = setUp(asking);
    const refused = await never.client.callApi(bound, API);
    assert.deepEqual([refused.status, await refused.text(), never.sent.length], [401, 'no', 2]);
    const byBearer = setUp(asking);
    assert.equal((await byBearer.client.callApi(plain, API)).status, 401);
    const expired = () =>
      new Response(null, { status: 401, headers: { 'www-authenticate': 'DPoP error="invalid_token"' } });
    const late = setUp(expired);
    assert.equal((await late.client.callApi(bound, API)).status, 401);
    assert.deepEqual([byBearer.sent.length, late.sent.length], [1, 1]);
    const forbidden = setUp(() => new Response('forbidden', { status: 403 }));
    assert.equal((await forbidden.client.callApi(plain, API)).status, 403);
    const moved = setUp(
      () => new Response(null, { status: 302, headers: { location: 'https://evil.example.com/' } }),
    );
    assert.equal((await moved.client.callApi(bound, API)).status, 302);
    assert.equal(moved.sent.length, 1, 'the token went nowhere else');
  });

  it('lets the answer go that asks for a nonce, before it is sent again', async () => {
    const said: string[] = [];
    const { client } = setUp((_sent, count) => {
      said.push(`sent ${count}`);
      if (count === 2) return new Response('ok');
      const body = new ReadableStream({
        cancel: async () => {
          await new Promise(setImmediate);
          said.push('let go');
        },
      });
      const headers = { 'www-authenticate': 'DPoP error="use_dpop_nonce"', 'dpop-nonce': 'n-3' };
      return new Response(body, { status: 401, headers });
    });
    await client.callApi(bound, API);
    assert.deepEqual(said, ['sent 1', 'let go', 'sent 2']);
  });

  it('fails as fetch does where nobody answers', async () => {
    const { client } = setUp(() => {
      throw new TypeError('fetch failed');
    });
    await assert.rejects(client.callApi(bound, API), TypeError);
  });
});
