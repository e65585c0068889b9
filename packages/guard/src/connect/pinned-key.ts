import { createHash, createPublicKey } from 'node:crypto';

/** A key that an application has pinned: no other may sign. */
export interface PinnedKey {
  /** Leaves nothing in the realm's JWKS but the key, and knows who the issuer is while the realm does not answer. */
  readonly fetch: typeof globalThis.fetch;
  /** A token names the key so. What it is called never counted: the signature does. */
  expect(kid: unknown): void;
  /** That token was good: who has the key calls it so. */
  confirm(kid: unknown): void;
}

/** Of names that anybody may have made up. */
const MAX_EXPECTED = 100;

/**
 * @param pem a public key, used with RS256 only, as in keycloak-connect
 * @throws {Error} if it is not a key
 */
export function pinKey(pem: string, realmUrl: string, fetch: typeof globalThis.fetch): PinnedKey {
  const key = createPublicKey(pem);
  const pinned = { ...key.export({ format: 'jwk' }), alg: 'RS256', use: 'sig' };
  // Keycloak's own name for it.
  const own = createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest('base64url');
  const [expected, names] = [new Set<string>(), new Set([own])];
  let known: Response | undefined;

  async function discover(...call: Parameters<typeof globalThis.fetch>): Promise<Response> {
    const answer = await fetch(...call).catch(() => undefined);
    if (answer?.ok !== true) return known?.clone() ?? Response.json({ issuer: realmUrl });
    known = answer.clone();
    return answer;
  }

  return {
    fetch: async (input, init) => {
      if (input === `${realmUrl}/protocol/openid-connect/certs`)
        return Response.json({ keys: [...names, ...expected].map((kid) => ({ ...pinned, kid })) });
      if (input === `${realmUrl}/.well-known/openid-configuration`) return discover(input, init);
      return fetch(input, init);
    },
    expect: (kid) => {
      if (typeof kid !== 'string' || names.has(kid)) return;
      expected.delete(kid);
      expected.add(kid);
      if (expected.size > MAX_EXPECTED) expected.delete(expected.values().next().value as string);
    },
    confirm: (kid) => {
      if (typeof kid === 'string' && expected.delete(kid)) names.add(kid);
    },
  };
}
