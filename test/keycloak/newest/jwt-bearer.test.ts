import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { ClientError, createClient } from '../../../packages/guard/src/client/index.ts';
import { SECRET, USER } from '../../support/calling-realm.ts';
import { createTestKey, decodePart, signCompact } from '../../support/signing-keys.ts';
import { type CallingRealm, createCallingRealm } from '../support/calling-realm.ts';

// Another issuer signs that it knows a user, and the client gets a token of the realm for them (RFC 7523 §2.1).

const key = createTestKey('RS256');
const server = createServer((_, response) => response.end(JSON.stringify({ keys: [key.jwk] })));
let realm: CallingRealm;
let issuer: string;

before(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  realm = await createCallingRealm('g-jwt-bearer');
  await realm.admin('POST', '/identity-provider/instances', {
    alias: 'partner',
    providerId: 'jwt-authorization-grant',
    enabled: true,
    config: { issuer, jwksUrl: `${issuer}/jwks`, useJwksUrl: 'true' },
  });
  const attributes = {
    'oauth2.jwt.authorization.grant.enabled': 'true',
    'oauth2.jwt.authorization.grant.idp': 'partner',
  };
  await realm.client('shop', { attributes });
  const [user] = (await (await realm.admin('GET', `/users?username=${USER.username}&exact=true`)).json()) as [
    { id: string },
  ];
  await realm.admin('POST', `/users/${user.id}/federated-identity/partner`, {
    userId: 'partner-7',
    userName: 'a.partner',
  });
});
after(async () => {
  server.close();
  await realm?.close();
});

const clientOf = (clientId: string) =>
  createClient({
    ...{ serverUrl: realm.keycloak.url, realm: realm.name, clientId, timeoutMs: 30_000 },
    credential: { secret: SECRET },
  });
function assertionFor(changes: Record<string, unknown> = {}): string {
  const now = Math.floor(Date.now() / 1000);
  const times = { iat: now, exp: now + 60, jti: crypto.randomUUID() };
  const claims = { iss: issuer, sub: 'partner-7', aud: realm.issuer, ...times, ...changes };
  return signCompact({ alg: 'RS256', typ: 'JWT', kid: key.kid }, claims, key.privateKey, 'RS256');
}

describe('an assertion of another issuer', () => {
  it('gives a token of the realm, of the user who is linked, for what the client asks for', async () => {
    const { accessToken } = await clientOf('shop').jwtBearer({
      assertion: assertionFor(),
      scope: 'to-orders',
    });
    const { azp, aud, preferred_username: user } = decodePart<Record<string, unknown>>(accessToken, 1);
    assert.deepEqual([azp, aud, user], ['shop', 'orders', USER.username]);
  });

  for (const [what, change, kind] of [
    ['of nobody', { sub: 'somebody' }, 'invalid_credentials'],
    ['for another audience', { aud: 'https://other.example' }, 'invalid_credentials'],
    ['that has expired', { exp: 1_700_000_000 }, 'invalid_credentials'],
    ['of an issuer that nobody trusts', { iss: 'https://other.example' }, 'invalid_credentials'],
  ] as const) {
    it(`${what} gives nothing`, async () => {
      await assert.rejects(clientOf('shop').jwtBearer({ assertion: assertionFor(change) }), (error) => {
        assert.ok(error instanceof ClientError);
        assert.equal(error.kind, kind, error.message);
        return true;
      });
    });
  }

  it('is good once', async () => {
    const assertion = assertionFor();
    await clientOf('shop').jwtBearer({ assertion });
    await assert.rejects(clientOf('shop').jwtBearer({ assertion }), ClientError);
  });

  it('says where a client may not use one', async () => {
    await assert.rejects(clientOf('orders').jwtBearer({ assertion: assertionFor() }), (error) => {
      assert.ok(error instanceof ClientError);
      assert.deepEqual([error.kind, error.diagnosis.id], ['client_misconfigured', 'jwt-grant-off']);
      return true;
    });
  });
});
