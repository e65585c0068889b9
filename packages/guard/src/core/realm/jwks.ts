import type { SigningKey } from '../jwt/key-finder.ts';
import { importVerificationKey } from '../jwt/signature.ts';
import type { JsonWebKey } from '../jwt/web-signature.ts';

const MAX_KEYS = 100;

/**
 * The signing keys of a JWKS (RFC 7517 §5), by id. A key that is known already stays the same object.
 *
 * @returns `unusable`: by their parameters, the algorithms of keys that are too weak or not what their algorithm needs
 */
export function readJwks(
  jwks: Record<string, unknown>,
  algorithms: ReadonlySet<string>,
  known: ReadonlyMap<string, SigningKey>,
): { keys: Map<string, SigningKey>; unusable: Map<string, string> } {
  const keys = new Map<string, SigningKey>();
  const unusable = new Map<string, string>();
  const list = Array.isArray(jwks.keys) ? jwks.keys.slice(0, MAX_KEYS) : [];
  for (const jwk of list as unknown[]) {
    if (!isSigningJwk(jwk, algorithms)) continue;
    // Only the public parameters: `x5c`, `x5u` and the rest have no say.
    const { kty, n, e, crv, x, y, alg } = jwk;
    const parameters = JSON.stringify([kty, n, e, crv, x, y, alg]);
    const before = known.get(jwk.kid);
    if (before?.parameters === parameters) {
      keys.set(jwk.kid, before);
      continue;
    }
    try {
      const key = importVerificationKey({ kty, n, e, crv, x, y } as JsonWebKey, alg);
      keys.set(jwk.kid, { kid: jwk.kid, alg, key, parameters });
    } catch {
      unusable.set(parameters, alg);
    }
  }
  return { keys, unusable };
}

/** Keycloak publishes its encryption key in the same list, in most realms first. */
function isSigningJwk(
  jwk: unknown,
  algorithms: ReadonlySet<string>,
): jwk is JsonWebKey & { kid: string; alg: string } {
  if (typeof jwk !== 'object' || jwk === null) return false;
  const { kid, alg, use } = jwk as Record<string, unknown>;
  return use === 'sig' && typeof kid === 'string' && typeof alg === 'string' && algorithms.has(alg);
}
