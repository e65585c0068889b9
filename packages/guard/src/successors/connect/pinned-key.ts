import { createHash, createPublicKey, verify } from 'node:crypto';
import { type KeyFinder, readBody, readCompactJws, toJsonObject } from '../../core/internal.ts';

/** A key that an application has pinned: no other key may sign. */
export interface PinnedKey {
  /** Leaves nothing in the realm's JWKS but the key, and knows who the issuer is while the realm does not answer. */
  readonly fetch: typeof globalThis.fetch;
  /**
   * Learns what a token calls the key, if the key signed it: the name never counted, the signature does. It is known at once:
   * loading the JWKS again for it may have to wait, after made-up names.
   */
  learn(token: string, keys: Pick<KeyFinder, 'alias'>): void;
}

/** With Keycloak's own name, as many as are read of a JWKS. */
const MAX_LEARNED = 99;

/**
 * @param pem a public key, used with RS256 only, as in keycloak-connect
 * @throws {Error} if it is not a key
 */
export function pinKey(pem: string, realmUrl: string, fetch: typeof globalThis.fetch): PinnedKey {
  const key = createPublicKey(pem);
  const pinned = { ...key.export({ format: 'jwk' }), alg: 'RS256', use: 'sig' };
  // Keycloak's name of the key.
  const own = createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest('base64url');
  const learned = new Set<string>();
  let known: object = { issuer: realmUrl };

  async function discover(...call: Parameters<typeof globalThis.fetch>): Promise<Response> {
    const found = await fetch(...call)
      .then(async (answer) => (answer.ok ? toJsonObject(await readBody(answer)) : undefined))
      .catch(() => undefined);
    if (typeof found?.issuer === 'string') known = found;
    return Response.json(known);
  }

  return {
    fetch: async (input, init) => {
      if (input === `${realmUrl}/protocol/openid-connect/certs`)
        return Response.json({ keys: [own, ...learned].map((kid) => ({ ...pinned, kid })) });
      if (input === `${realmUrl}/.well-known/openid-configuration`) return discover(input, init);
      return fetch(input, init);
    },
    learn(token, keys) {
      try {
        const { header, input, signature } = readCompactJws(token);
        const { kid } = header;
        if (typeof kid !== 'string' || kid === own || learned.has(kid)) return;
        // Names can be made up: they must not displace those in use.
        if (!verify('sha256', input, key, signature)) return;
        learned.add(kid);
        keys.alias(kid, own);
        if (learned.size > MAX_LEARNED) learned.delete(learned.values().next().value as string);
      } catch {
        // Not a token: its verification reports that.
      }
    },
  };
}
