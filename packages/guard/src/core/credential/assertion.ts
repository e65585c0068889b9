import { createHmac, randomUUID } from 'node:crypto';
import type { SigningKey } from './signing-key.ts';

/** Keycloak refuses an assertion that is older than a minute. Unit: seconds. */
const LIFETIME_SECONDS = 60;

/**
 * An assertion of this client for one call (RFC 7523 §3): Keycloak takes each only once.
 *
 * @param audience the realm's issuer, as Keycloak names it
 * @param now Unit: milliseconds since 1970
 */
export async function signAssertion(
  signer: Pick<SigningKey, 'alg' | 'sign'> & { readonly kid?: string },
  clientId: string,
  audience: string,
  now: number,
): Promise<string> {
  const iat = Math.floor(now / 1000);
  const header = { alg: signer.alg, typ: 'JWT', ...(signer.kid === undefined ? {} : { kid: signer.kid }) };
  const times = { iat, exp: iat + LIFETIME_SECONDS };
  const claims = { iss: clientId, sub: clientId, aud: audience, jti: randomUUID(), ...times };
  const input = `${encode(header)}.${encode(claims)}`;
  return `${input}.${(await signer.sign(input)).toString('base64url')}`;
}

/** Signs with the secret of a client (`client_secret_jwt`, OpenID Connect Core 1.0 §9). */
export function toSecretSigner(secret: string): Pick<SigningKey, 'alg' | 'sign'> {
  return {
    alg: 'HS256',
    sign: async (input) => createHmac('sha256', secret).update(input).digest(),
  };
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
