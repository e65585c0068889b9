import { compactVerify } from 'jose';
import { Fault } from '../fault.ts';
import { type Client, hasFlag } from '../realm/client.ts';
import {
  type Assertion,
  type AssertionCheck,
  type AssertionRules,
  checkClaims,
  isJwtBearer,
  JWT_BEARER,
  refuse,
} from './assertion.ts';
import { ASYMMETRIC, type KeySource, SYMMETRIC } from './client-keys.ts';

/**
 * `private_key_jwt` and `client_secret_jwt` (OpenID Connect Core §9). Each JWT is good once.
 *
 * @returns false if the JWT is not this client's
 * @throws {Fault} 400, if it is and is refused
 */
export async function checkSignedJwt(check: AssertionCheck, assertion: Assertion): Promise<boolean> {
  const { client, provider, issuer } = check;
  const { claims, header, type, jwt } = assertion;
  if (type === undefined) throw refuse('Parameter client_assertion_type is missing');
  if (jwt === undefined) throw refuse('client_assertion parameter missing');
  if (claims === undefined || header === undefined)
    throw failed('java.lang.IllegalArgumentException: Parsing error');
  if (!isJwtBearer(assertion)) {
    throw refuse(`Parameter client_assertion_type has value '${type}' but expected is '${JWT_BEARER}'`);
  }
  if (claims.sub === undefined || claims.sub !== claims.iss) return false;
  if (provider.realm.client(String(claims.sub)) === undefined) return false;
  if (claims.sub !== client.clientId) throw refuse('client_id parameter does not match authenticated client');
  const isBySecret = client.authenticator === 'client-secret-jwt';
  const algorithm = String(header.alg);
  const wanted = client.attributes['token.endpoint.auth.signing.alg'];
  const isPossible = (isBySecret ? [...SYMMETRIC, ...ASYMMETRIC] : ASYMMETRIC).includes(algorithm);
  if (!isPossible || (wanted && wanted !== algorithm)) throw refuse('Invalid signature algorithm');
  if (isBySecret) await verifyBySecret(client, jwt, algorithm);
  else await verifyByKey(check, jwt, header);
  checkClaims(provider, claims, { ...RULES, audiences: audiencesOf(issuer) });
  return true;
}

const RULES: Omit<AssertionRules, 'audiences'> = { skew: 15, maxAge: 60, reusable: false, kind: 'client' };

const audiencesOf = (issuer: string): string[] => {
  const base = `${issuer}/protocol/openid-connect`;
  return [issuer, `${base}/token`, `${base}/token/introspect`, `${base}/ext/par/request`];
};

async function verifyBySecret({ secret = '' }: Client, jwt: string, algorithm: string): Promise<void> {
  const failure = (text: string) =>
    new Fault(
      400,
      'unauthorized_client',
      `Client authentication with client secret signed JWT failed: Signature on JWT token by client secret ${text}`,
    );
  if (!SYMMETRIC.includes(algorithm)) throw failure('failed validation');
  try {
    await compactVerify(jwt, new TextEncoder().encode(secret), { algorithms: [algorithm] });
  } catch {
    // Two spaces, as in Keycloak.
    throw failure(' failed validation');
  }
}

async function verifyByKey(
  { client, provider }: AssertionCheck,
  jwt: string,
  header: NonNullable<Assertion['header']>,
): Promise<void> {
  const key = await provider.clientKeys.find(client.id, sourceOf(client), header);
  if (key === undefined) throw refuse('Unable to load public key');
  try {
    await compactVerify(jwt, key, { algorithms: ASYMMETRIC });
  } catch {
    throw failed('Signature on JWT token failed validation');
  }
}

function sourceOf(client: Client): KeySource {
  const attribute = (name: string) => client.attributes[name] ?? '';
  if (hasFlag(client, 'use.jwks.url')) return { url: attribute('jwks.url') };
  if (hasFlag(client, 'use.jwks.string')) return { text: attribute('jwks.string') };
  return { certificate: attribute('jwt.credential.certificate') };
}

const failed = (text: string) => refuse(`Client authentication with signed JWT failed: ${text}`);
