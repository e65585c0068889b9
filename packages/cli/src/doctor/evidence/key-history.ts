import { X509Certificate } from 'node:crypto';
import type { Reach } from '../context.ts';
import type { DecodedJwt } from './jwt.ts';
import { keysOf } from './realm.ts';

/** Why the realm does not publish a token's key. */
export type KeyFate = 'elsewhere' | 'disabled' | 'realm-recreated' | 'rotated-away' | 'gone';

/**
 * - `elsewhere`: the address leads to several Keycloaks, and another one has the key.
 * - `disabled`: the realm still has the key, but it is disabled (an admin can see that).
 * - `realm-recreated`: every key of the realm is younger than the token, encryption keys too.
 * - `rotated-away`: some keys are older than the token.
 * - `gone`: one of the last two.
 */
export async function findKeyFate(jwt: DecodedJwt, reach: Reach): Promise<KeyFate> {
  const kid = String(jwt.header.kid ?? '');
  const others = await reach.realm.certsOfOthers();
  if (others.some((set) => set.includes(kid))) return 'elsewhere';
  const known = await reach.admin?.keys().catch(() => undefined);
  if (known?.some((one) => one.kid === kid)) return 'disabled';
  const born = bornOf(keysOf((await reach.realm.certs()).json) ?? []);
  const issued = Number(jwt.claims.iat);
  if (born.length > 0 && Number.isFinite(issued)) {
    if (born.every((at) => at > issued)) return born.length > 1 ? 'realm-recreated' : 'gone';
    return 'rotated-away';
  }
  return 'gone';
}

/** Keycloak backdates the certificate of a new key by 100 seconds. */
const BACKDATED_SECONDS = 100;

/** When each key was made, by its certificate. Unit: seconds since 1970. */
function bornOf(keys: Record<string, unknown>[]): number[] {
  return keys.flatMap(({ x5c }) => {
    try {
      const raw = Buffer.from(String((x5c as string[] | undefined)?.[0] ?? ''), 'base64');
      return [Date.parse(new X509Certificate(raw).validFrom) / 1000 + BACKDATED_SECONDS];
    } catch {
      return [];
    }
  });
}
