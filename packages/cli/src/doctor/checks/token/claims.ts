import type { Reach } from '../../context.ts';
import { type Claims, decodeJwt } from '../../evidence/jwt.ts';

/** The test user's claims, from the login, or else from the example token that Keycloak makes for an admin. */
export async function findClaims(reach: Reach): Promise<Claims | undefined> {
  const own = decodeJwt(await reach.login?.token());
  return own?.claims ?? reach.admin?.exampleClaims().catch(() => undefined);
}

/** Whether a token is lightweight. It lacks claims on purpose, not because of a missing scope. */
export function isLightweight(claims: Claims): boolean {
  const absent = ['sub', 'aud', 'preferred_username', 'email', 'realm_access', 'acr'];
  return absent.every((name) => claims[name] === undefined);
}

/** Why claims are missing. */
export function whyNoClaims(reach: Reach): string {
  if (reach.login !== null) return 'no token to look at: the login gave none';
  return 'no token to look at: give --user and DOCTOR_PASSWORD, or an admin and --user';
}
