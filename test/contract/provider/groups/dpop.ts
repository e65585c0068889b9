import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, SignJWT } from 'jose';
import {
  assertChallenge,
  assertFault,
  type Caller,
  claimsOf,
  GUIDE,
  invalidToken,
  type Json,
} from '../caller.ts';
import { DIFFERENCES } from '../differences.ts';
import type { Behaviours } from '../scene.ts';

const ALGS = 'PS384 RS384 EdDSA ES384 ES256 RS256 ES512 PS256 PS512 RS512';

/** A client with a key (RFC 9449). */
export async function createProver(caller: Caller) {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
  const jwk = await exportJWK(publicKey);
  const privateJwk = await exportJWK(privateKey);
  const prove = (claims: Json = {}, header: Json = {}) =>
    new SignJWT({
      htm: 'POST',
      htu: `${caller.base}/token`,
      jti: randomUUID(),
      iat: Math.floor(Date.now() / 1000),
      ...claims,
    })
      .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk, ...header })
      .sign(privateKey);
  const ath = (token: string) => createHash('sha256').update(token).digest('base64url');
  return {
    privateJwk,
    thumbprint: await calculateJwkThumbprint(jwk),
    prove,
    proveFor: (token: string, claims: Json = {}) =>
      prove({ htm: 'GET', htu: `${caller.base}/userinfo`, ath: ath(token), ...claims }),
    async login() {
      const answer = await caller.passwordGrant({ scope: 'openid' }, { dpop: await prove() });
      assert.equal(answer.status, 200, answer.text);
      return answer.json as Record<string, string>;
    },
  };
}

const userinfo = (caller: Caller, token: string, dpop?: string) =>
  caller.call('/userinfo', {
    headers: { authorization: `DPoP ${token}`, ...(dpop === undefined ? {} : { dpop }) },
  });

const fault = (claims: Json, header: Json, description: string): Behaviours[string] => {
  return async ({ caller }) => {
    const { prove } = await createProver(caller);
    const answer = await caller.passwordGrant({}, { dpop: await prove(claims, header) });
    assertFault(answer, 400, 'invalid_request', description);
  };
};

export const dpopGroup: Behaviours = {
  'a proof binds the token to the key': async ({ caller }) => {
    const prover = await createProver(caller);
    const tokens = await prover.login();
    assert.equal(tokens.token_type, 'DPoP');
    const claims = claimsOf(tokens.access_token!);
    assert.deepEqual([claims.typ, claims.cnf], ['DPoP', { jkt: prover.thumbprint, 'kc-jkt-type': 'DPoP' }]);
    const answer = await userinfo(caller, tokens.access_token!, await prover.proveFor(tokens.access_token!));
    assert.deepEqual([answer.status, answer.json.preferred_username], [200, 'abdullah']);
  },
  'introspection knows a bound token': async ({ caller }) => {
    const prover = await createProver(caller);
    const { json } = await caller.introspect((await prover.login()).access_token!);
    assert.deepEqual(
      [json.active, json.token_type, (json.cnf as Json).jkt],
      [true, 'DPoP', prover.thumbprint],
    );
  },
  'a bound token is no bearer token': async ({ caller, realm }) => {
    const prover = await createProver(caller);
    const answer = await caller.userinfo((await prover.login()).access_token!);
    assertChallenge(answer, realm.name, 401, invalidToken('Token verification failed'));
  },
  'a bound token without a proof, or with one that does not fit': async ({ caller, realm }) => {
    const prover = await createProver(caller);
    const stranger = await createProver(caller);
    const { access_token: token = '' } = await prover.login();
    const used = await prover.proveFor(token);
    assert.equal((await userinfo(caller, token, used)).status, 200);
    for (const proof of [
      undefined,
      used,
      await stranger.proveFor(token),
      await prover.proveFor(token, { ath: undefined }),
      await prover.proveFor(token, { ath: 'x' }),
      await prover.proveFor(token, { htm: 'POST' }),
      await prover.proveFor(token, { htu: `${caller.base}/token` }),
    ]) {
      const answer = await userinfo(caller, token, proof);
      assert.equal(answer.status, 401);
      assert.equal(
        answer.headers.get('www-authenticate'),
        `DPoP algs="${ALGS}", realm="${realm.name}"${invalidToken('Token verification failed')}`,
      );
    }
  },
  'a bearer token is no bound token': async ({ caller }) => {
    const prover = await createProver(caller);
    const { access_token } = await caller.login();
    assert.equal((await userinfo(caller, access_token, await prover.proveFor(access_token))).status, 401);
  },
  'a public client’s refresh token is bound too': async ({ caller }) => {
    const [prover, stranger] = [await createProver(caller), await createProver(caller)];
    const client = { client_id: 'admin-cli', client_secret: '' };
    const { json } = await caller.passwordGrant(client, { dpop: await prover.prove() });
    const fields = { ...client, grant_type: 'refresh_token', refresh_token: String(json.refresh_token) };
    assertFault(await caller.token(fields), 400, 'invalid_grant', 'DPoP proof is missing');
    const foreign = await caller.token(fields, { dpop: await stranger.prove() });
    assertFault(foreign, 400, 'invalid_grant', "DPoP confirmation doesn't match DPoP proof");
    assert.equal((await caller.token(fields, { dpop: await prover.prove() })).status, 200);
  },
  'a client that must prove and does not': async ({ withRealm }) => {
    await withRealm(
      (realm) => {
        const client = realm.clients?.find(({ clientId }) => clientId === GUIDE.client_id);
        Object.assign(client?.attributes ?? {}, { 'dpop.bound.access.tokens': 'true' });
      },
      async (caller) => {
        assertFault(await caller.passwordGrant(), 400, 'invalid_request', 'DPoP proof is missing');
      },
    );
  },
  'the client is checked before the proof': async ({ caller }) => {
    const answer = await caller.passwordGrant({ client_secret: 'x' }, { dpop: 'x' });
    assert.deepEqual([answer.status, answer.json.error], [401, 'unauthorized_client']);
  },
  'a proof that is none': async ({ caller }) => {
    const answer = await caller.passwordGrant({}, { dpop: 'x' });
    assertFault(answer, 400, 'invalid_request', 'DPoP header verification failure');
  },
  'a proof that comes a second time': async ({ caller }) => {
    const proof = await (await createProver(caller)).prove();
    assert.equal((await caller.passwordGrant({}, { dpop: proof })).status, 200);
    const again = await caller.passwordGrant({}, { dpop: proof });
    assertFault(again, 400, 'invalid_request', 'DPoP proof has already been used');
  },
  'a proof with a private key in it': async ({ caller }) => {
    const { prove, privateJwk } = await createProver(caller);
    const answer = await caller.passwordGrant({}, { dpop: await prove({}, { jwk: privateJwk }) });
    const text = 'Private key material must not be present in DPoP JWK';
    assertFault(answer, 400, 'invalid_request', text);
  },
  'a proof with a broken signature': async ({ caller, target }) => {
    const proof = await (await createProver(caller)).prove();
    const answer = await caller.passwordGrant({}, { dpop: `${proof.slice(0, -8)}AAAAAAAA` });
    assertFault(answer, 400, 'invalid_request', DIFFERENCES.dpopSignature[target.name]);
  },
  'a proof of another type': fault({}, { typ: 'JWT' }, 'Invalid or missing type in DPoP header: JWT'),
  'a proof without a key': fault({}, { jwk: undefined }, 'No JWK in DPoP header'),
  'a proof for another method': fault({ htm: 'GET' }, {}, 'DPoP HTTP method mismatch'),
  'a proof for another URL': fault({ htu: 'http://x/' }, {}, 'DPoP HTTP URL mismatch'),
  'a proof without an id': fault({ jti: undefined }, {}, 'DPoP mandatory claims are missing'),
  'a proof of yesterday': fault(
    { iat: Math.floor(Date.now() / 1000) - 86_400 },
    {},
    'DPoP proof is not active',
  ),
  'a proof of tomorrow': fault(
    { iat: Math.floor(Date.now() / 1000) + 86_400 },
    {},
    'DPoP proof is not active',
  ),
};
