import { createHash, createPublicKey, type JsonWebKey } from 'node:crypto';
import { readBody, toJsonObject } from '../core/internal.ts';

/**
 * A `fetch` that reduces the realm's JWKS to one pinned key. The key has the id that Keycloak derives from a key, even
 * while the realm does not answer, and every other id that the realm lists it under.
 *
 * @param pem a public key, used with RS256 only, as in keycloak-connect
 * @throws {Error} if it is not a key
 */
export function pinKey(
  pem: string,
  realmUrl: string,
  fetch: typeof globalThis.fetch,
): typeof globalThis.fetch {
  const key = createPublicKey(pem);
  const pinned = { ...key.export({ format: 'jwk' }), alg: 'RS256', use: 'sig' };
  const kid = createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest('base64url');
  const certs = `${realmUrl}/protocol/openid-connect/certs`;
  return async (input, init) => {
    if (input !== certs) return fetch(input, init);
    const ids = await fetch(input, init).then(
      async (answer) => idsOf(toJsonObject(await readBody(answer)), pinned),
      () => [],
    );
    const keys = [...new Set([kid, ...ids])].map((id) => ({ ...pinned, kid: id }));
    return Response.json({ keys });
  };
}

function idsOf(jwks: Record<string, unknown> | undefined, { n, e }: JsonWebKey): string[] {
  const keys = Array.isArray(jwks?.keys) ? (jwks.keys as ({ kid?: unknown } & JsonWebKey)[]) : [];
  return keys
    .filter((one) => one?.n === n && one.e === e && typeof one.kid === 'string')
    .map(({ kid }) => kid as string);
}
