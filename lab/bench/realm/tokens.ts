import { generateKeyPair, type KeyObject, randomUUID, sign } from 'node:crypto';
import { promisify } from 'node:util';

/** A key that signs as Keycloak does (RS256, 2048 bits). */
export interface RealmKey {
  readonly kid: string;
  readonly privateKey: KeyObject;
  readonly jwk: object;
}

export const REALM = 'testing';
export const CLIENT_ID = 'fastapi-keycloak';

const signAsync = promisify(
  (data: Buffer, key: KeyObject, done: (error: Error | null, signature: Buffer) => void) =>
    sign('sha256', data, key, done),
);

export async function createKey(kid: string = randomUUID()): Promise<RealmKey> {
  const { publicKey, privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 });
  const jwk = publicKey.export({ format: 'jwk' });
  return { kid, privateKey, jwk: { ...jwk, kid, use: 'sig', alg: 'RS256' } };
}

/**
 * Access tokens as Keycloak issues them to a confidential client, each of another user.
 *
 * @param issuedAt seconds since 1970
 * @param more claims that are added, or put in their place
 */
export async function mint(
  key: RealmKey,
  issuer: string,
  count: number,
  issuedAt = now(),
  more: object = {},
): Promise<string[]> {
  const tokens: string[] = [];
  const batch = 500;
  while (tokens.length < count) {
    const size = Math.min(batch, count - tokens.length);
    tokens.push(
      ...(await Promise.all(Array.from({ length: size }, () => mintOne(key, issuer, issuedAt, more)))),
    );
  }
  return tokens;
}

export const now = () => Math.floor(Date.now() / 1000);

async function mintOne(key: RealmKey, issuer: string, issuedAt: number, more: object): Promise<string> {
  const header = { alg: 'RS256', typ: 'JWT', kid: key.kid };
  const claims = {
    exp: issuedAt + 4 * 3600,
    iat: issuedAt,
    jti: `onrtro:${randomUUID()}`,
    iss: issuer,
    aud: [CLIENT_ID, 'account'],
    sub: randomUUID(),
    typ: 'Bearer',
    azp: CLIENT_ID,
    sid: randomUUID(),
    acr: '1',
    'allowed-origins': ['http://localhost:8000'],
    realm_access: { roles: ['default-roles-testing', 'offline_access', 'uma_authorization', 'user'] },
    resource_access: { account: { roles: ['manage-account', 'manage-account-links', 'view-profile'] } },
    scope: 'openid profile email',
    email_verified: true,
    name: 'Abdullah Alqahtani',
    preferred_username: 'abdullah',
    given_name: 'Abdullah',
    family_name: 'Alqahtani',
    email: 'abdullah@example.com',
    ...more,
  };
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const content = `${encode(header)}.${encode(claims)}`;
  return `${content}.${(await signAsync(Buffer.from(content), key.privateKey)).toString('base64url')}`;
}
