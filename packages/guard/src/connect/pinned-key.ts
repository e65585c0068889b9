import { createHash, createPublicKey } from 'node:crypto';

/**
 * A `fetch` that gives one key as the realm's whole JWKS, for an application that has pinned it: no other may sign, and
 * the realm is not asked. Keycloak's key ids are the hash of the key (RFC 7638 has another one).
 *
 * @param pem a public key; RS256 alone, as it always was
 * @throws {Error} where it is no key
 */
export function pinKey(
  pem: string,
  realmUrl: string,
  fetch: typeof globalThis.fetch,
): typeof globalThis.fetch {
  const key = createPublicKey(pem);
  const kid = createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest('base64url');
  const jwks = JSON.stringify({
    keys: [{ ...key.export({ format: 'jwk' }), kid, alg: 'RS256', use: 'sig' }],
  });
  const certs = `${realmUrl}/protocol/openid-connect/certs`;
  return async (input, init) =>
    input === certs
      ? new Response(jwks, { headers: { 'content-type': 'application/json' } })
      : fetch(input, init);
}
