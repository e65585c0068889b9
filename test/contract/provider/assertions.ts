import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type JWK, SignJWT } from 'jose';
import type { ClientRepresentation } from '../../../packages/testing/src/index.ts';
import { createTestKey } from '../../support/signing-keys.ts';
import type { Fields } from './caller.ts';

const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/** A key of a client, and its public half as in a JWK Set. */
export interface AssertionKey {
  readonly privateKey: Parameters<SignJWT['sign']>[0];
  readonly jwk: JWK;
}

export function createAssertionKey(kid: string, alg = 'RS256'): AssertionKey {
  const { privateKey, jwk } = createTestKey(alg, { kid });
  return { privateKey, jwk: { ...jwk } as JWK };
}

export interface AssertionOptions {
  readonly key: Parameters<SignJWT['sign']>[0];
  readonly kid?: string | undefined;
  readonly alg?: string;
  /** `undefined` removes one. */
  readonly claims: Record<string, unknown>;
}

/** An assertion that is good for a minute, with changes, as fields of a request. */
export async function assertionFields({
  key,
  kid,
  alg = 'RS256',
  claims,
}: AssertionOptions): Promise<Fields> {
  const now = seconds();
  const all = { jti: randomUUID(), iat: now, exp: now + 60, ...claims };
  const jwt = await new SignJWT(
    Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)),
  )
    .setProtectedHeader({ alg, ...(kid === undefined ? {} : { kid }) })
    .sign(key);
  return { client_assertion_type: JWT_BEARER, client_assertion: jwt };
}

export const seconds = (): number => Math.floor(Date.now() / 1000);

/** A client with a service account that authenticates by signed JWTs. */
export const jwtClient = (
  clientId: string,
  attributes: Record<string, string>,
  more: Partial<ClientRepresentation> = {},
): ClientRepresentation => ({
  clientId,
  clientAuthenticatorType: 'client-jwt',
  publicClient: false,
  serviceAccountsEnabled: true,
  attributes,
  ...more,
});

/** Serves a JWK Set that can change, and counts how often it is asked for. */
export async function serveKeys(...first: readonly JWK[]) {
  let keys = first;
  let asked = 0;
  const server = createServer((_request, response) => {
    asked += 1;
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ keys }));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`,
    asked: () => asked,
    serve: (...next: readonly JWK[]) => {
      keys = next;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}
