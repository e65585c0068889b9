import { createPublicKey } from 'node:crypto';
import type { Client } from '../realm/client.ts';
import type { User } from '../realm/user.ts';
import { newSession } from '../sessions/sessions.ts';
import {
  accessTokenClaims,
  algorithmOf,
  type Claims,
  idTokenClaims,
  refreshTokenClaims,
  type TokenState,
} from './issue.ts';
import { createKey, type SigningAlgorithm, type SigningKey } from './keys.ts';
import { grantScopes } from './scopes.ts';

/**
 * Key that a token is signed with:
 * - `RS256`, `ES256`: the provider's key
 * - `unknown`: a key that is not in the JWK Set, under the `kid` of one that is
 * - `unknown-kid`: a key that is not in the JWK Set, under its own `kid`
 * - `public-key-as-secret`: HS256 with the public key as the secret (RFC 8725 §2.1)
 * - `none`: no signature
 * - `broken`: the provider's key, with one bit of the signature flipped
 */
export type TokenKey =
  | SigningAlgorithm
  | 'unknown'
  | 'unknown-kid'
  | 'public-key-as-secret'
  | 'none'
  | 'broken';

/** The token that {@link DevIdp.issueToken} issues. */
export interface TokenRequest {
  /** The token's user. Default: the realm's first user. */
  username?: string;
  /** The token's client. Default: the realm's first client. */
  clientId?: string;
  /** Scopes, as in a token request. Default `openid`. */
  scope?: string;
  /** Kind of token. Default `access`. */
  type?: 'access' | 'id' | 'refresh';
  /** Adds or replaces claims; `undefined` removes a claim. Default none. */
  claims?: Record<string, unknown>;
  /** Adds or replaces members of the header (`alg`, `typ`, `kid`); `undefined` removes one. Default none. */
  header?: Record<string, unknown>;
  /** Key to sign with. Default: the client's algorithm, mostly `RS256`, or the provider's secret for a refresh token. */
  key?: TokenKey;
  /** Whether to start a session, so that userinfo and introspection know the token. Default true. */
  session?: boolean;
}

export async function mintToken(
  provider: TokenState,
  request: TokenRequest,
  user: User,
  client: Client,
  issuer: string,
): Promise<string> {
  const { sessions, keys, realm, clock } = provider;
  // Without a session, the token names one that the provider does not know.
  const session =
    request.session === false
      ? newSession({ userId: user.id, id: 'no-such-session' }, clock)
      : sessions.start({ userId: user.id });
  sessions.join(session, client);
  const scopes = grantScopes(realm, client, request.scope ?? 'openid', user);
  const grant = { issuer, client, user, session, scopes, grantCode: 'ro' };
  const type = request.type ?? 'access';
  const claims: Claims = {
    ...(type === 'access' ? accessTokenClaims(provider, grant) : {}),
    ...(type === 'id' ? idTokenClaims(provider, grant, '') : {}),
    ...(type === 'refresh' ? refreshTokenClaims(provider, grant, session) : {}),
    ...request.claims,
  };
  if (type === 'refresh' && request.key === undefined) return keys.signInternal(claims);
  return sign(
    provider,
    claims,
    request.key ?? algorithmOf(provider, client, type === 'id' ? 'id' : 'access'),
    request.header ?? {},
  );
}

async function sign(
  { keys }: TokenState,
  claims: Claims,
  key: TokenKey,
  extra: Record<string, unknown>,
): Promise<string> {
  const own = await keys.current(key === 'ES256' ? 'ES256' : 'RS256');
  const header = (alg: string, kid: string) => ({ alg, typ: 'JWT', kid, ...extra });
  const text = encode(claims);
  switch (key) {
    case 'none':
      return `${encode(header('none', own.kid))}.${text}.`;
    case 'public-key-as-secret': {
      const jwk = own.publicJwk as import('node:crypto').JsonWebKey;
      const pem = createPublicKey({ key: jwk, format: 'jwk' }).export({ type: 'spki', format: 'pem' });
      const secret = new TextEncoder().encode(pem.toString());
      return signWith(header('HS256', own.kid), text, secret);
    }
    case 'unknown':
      return signWith(header(own.alg, own.kid), text, (await createKey('RS256')).privateKey);
    case 'unknown-kid': {
      const stranger: SigningKey = await createKey('RS256');
      return signWith(header(stranger.alg, stranger.kid), text, stranger.privateKey);
    }
    case 'broken': {
      const token = await signWith(header(own.alg, own.kid), text, own.privateKey);
      const at = token.lastIndexOf('.') + 1;
      const signature = Buffer.from(token.slice(at), 'base64url');
      signature[0]! ^= 1;
      return token.slice(0, at) + signature.toString('base64url');
    }
    default:
      return signWith(header(own.alg, own.kid), text, own.privateKey);
  }
}

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** Writes the header as given, even if `alg` does not fit the key. */
async function signWith(
  header: object,
  payload: string,
  key: SigningKey['privateKey'] | Uint8Array<ArrayBuffer>,
): Promise<string> {
  const { subtle } = globalThis.crypto;
  const hmac = { name: 'HMAC', hash: 'SHA-256' };
  const signer =
    key instanceof Uint8Array
      ? await subtle.importKey('raw', key, hmac, false, ['sign'])
      : (key as CryptoKey);
  const input = `${encode(header)}.${payload}`;
  const algorithm = { name: signer.algorithm.name, hash: 'SHA-256' };
  const signature = await subtle.sign(algorithm, signer, new TextEncoder().encode(input));
  return `${input}.${Buffer.from(signature).toString('base64url')}`;
}
