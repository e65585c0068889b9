import { compactVerify } from 'jose';
import type { Clock } from '../clock.ts';
import { Fault } from '../fault.ts';
import { field } from '../http/bodies.ts';
import { type Client, hasFlag } from '../realm/client.ts';
import type { Realm } from '../realm/realm.ts';
import type { IdentityProviderRepresentation } from '../realm/representation.ts';
import { ASYMMETRIC, type createClientKeys, type KeySource, SYMMETRIC } from './client-keys.ts';

/** The assertion of a request (RFC 7523 §2.2), not yet verified. */
export interface Assertion {
  readonly type: string | undefined;
  readonly jwt: string | undefined;
  /** `undefined` if the JWT cannot be read. */
  readonly header?: Readonly<Record<string, unknown>>;
  readonly claims?: Readonly<Record<string, unknown>>;
}

/** The parts of a realm's state that clients authenticate by. */
export interface ClientAuthState {
  readonly realm: Realm;
  readonly clock: Clock;
  readonly clientKeys: ReturnType<typeof createClientKeys>;
  readonly usedTokens: ReturnType<typeof createUsedTokens>;
}

/** The subject of the checks: an assertion's client, and the realm. */
interface AssertionCheck {
  readonly provider: ClientAuthState;
  readonly client: Client;
  readonly issuer: string;
}

/** Limits of an assertion, which differ by its issuer. Units: seconds. */
interface AssertionRules {
  readonly audiences: readonly string[];
  /** Tolerated difference of clocks. */
  readonly skew: number;
  /** Longest time from `iat`, or until `exp` without `iat`. */
  readonly maxAge: number;
  /** Whether the same assertion may come again. */
  readonly reusable: boolean;
  /** Kind of issuer: tokens of two issuers may have the same `jti`. */
  readonly kind: string;
}

const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

export const isJwtBearer = ({ type }: Assertion): boolean => type === JWT_BEARER;
const refuse = (text: string) => new Fault(400, 'invalid_client', text);

export function readAssertion(form: URLSearchParams): Assertion {
  const [type, jwt] = [field(form, 'client_assertion_type'), field(form, 'client_assertion')];
  const [header, claims] = (jwt ?? '').split('.', 2).map(parse);
  return header === undefined || claims === undefined ? { type, jwt } : { type, jwt, header, claims };
}

/**
 * Checks audience, times and single use, in Keycloak's order. The signature is verified before.
 *
 * @throws {Fault} 400 `invalid_client`
 */
function checkClaims(
  { clock, usedTokens }: Pick<ClientAuthState, 'clock' | 'usedTokens'>,
  claims: Readonly<Record<string, unknown>>,
  { audiences, skew, maxAge, reusable, kind }: AssertionRules,
): void {
  const { exp, nbf, iat, jti, aud } = claims as Record<'exp' | 'nbf' | 'iat', number | undefined> &
    typeof claims;
  const tokenAudiences = [aud ?? []].flat().map(String);
  if (!tokenAudiences.some((one) => audiences.includes(one))) throw refuse('Invalid token audience');
  if (tokenAudiences.length > 1) throw refuse('Multiple audiences not allowed');
  if (exp === undefined) throw refuse('Token exp claim is required');
  const now = clock.seconds();
  if (exp <= now || (nbf ?? 0) > now + skew) throw refuse('Token is not active');
  if (iat === undefined && exp - now > maxAge)
    throw refuse('Token expiration is too far in the future and iat claim not present in token');
  if (iat !== undefined && iat - skew > now) throw refuse('Token was issued in the future');
  if (iat !== undefined && now > iat + maxAge)
    throw refuse('Token was issued too far in the past to be used now');
  if (reusable) return;
  if (jti === undefined) throw refuse('Token jti claim is required');
  if (!usedTokens.use(`${kind} ${jti}`, Math.min(exp, now + maxAge))) throw refuse('Token reuse detected');
}

function parse(part: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString());
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

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
  if (!isJwtBearer(assertion))
    throw refuse(`Parameter client_assertion_type has value '${type}' but expected is '${JWT_BEARER}'`);
  if (claims.sub === undefined || claims.sub !== claims.iss) return false;
  if (provider.realm.client(String(claims.sub)) === undefined) return false;
  if (claims.sub !== client.clientId) throw refuse('client_id parameter does not match authenticated client');
  const isBySecret = client.authenticator === 'client-secret-jwt';
  const algorithm = String(header.alg);
  const requiredAlg = client.attributes['token.endpoint.auth.signing.alg'];
  const isPossible = (isBySecret ? [...SYMMETRIC, ...ASYMMETRIC] : ASYMMETRIC).includes(algorithm);
  if (!isPossible || (requiredAlg && requiredAlg !== algorithm)) throw refuse('Invalid signature algorithm');
  if (isBySecret) await verifyBySecret(client, jwt, algorithm);
  else await verifyByKey(check, jwt, header);
  checkClaims(provider, claims, { ...RULES, audiences: audiencesOf(issuer) });
  return true;
}

const RULES: Omit<AssertionRules, 'audiences'> = { skew: 15, maxAge: 60, reusable: false, kind: 'client' };

const audiencesOf = (issuer: string): string[] => {
  const base = `${issuer}/protocol/openid-connect`;
  return [issuer, `${base}/token`, `${base}/token/introspect`];
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

/** Ids of tokens that are good once. */
export function createUsedTokens(clock: Clock) {
  const used = new Map<string, number>();
  return {
    /** False if the id was used before. @param until when it may be forgotten. Unit: seconds since 1970 */
    use(id: string, until: number): boolean {
      const now = clock.seconds();
      for (const [one, end] of used) if (end < now) used.delete(one);
      if (used.has(id)) return false;
      used.set(id, until);
      return true;
    },
  };
}

type Claims = NonNullable<Assertion['claims']>;

interface Federated {
  readonly client: Client;
  readonly provider: IdentityProviderRepresentation;
}

/** The identity provider that issued an assertion, and the client that it stands for there. */
export function findFederated(realm: Realm, { iss, sub }: Claims): Federated | undefined {
  const provider = (realm.settings.identityProviders ?? []).find(
    (one) => one.enabled !== false && mayAssert(one) && one.config?.issuer === iss,
  );
  const client = [...realm.clients()].find(
    ({ attributes }) =>
      attributes['jwt.credential.issuer'] === provider?.alias && attributes['jwt.credential.sub'] === sub,
  );
  return provider === undefined || client === undefined ? undefined : { provider, client };
}

/**
 * A JWT of an identity provider, for example the token of a Kubernetes service account, in place of a secret.
 *
 * @returns false if it is not this client's, or is not signed by the identity provider
 * @throws {Fault} 400 `invalid_client`, if it is and is refused
 */
export async function checkFederated(check: AssertionCheck, assertion: Assertion): Promise<boolean> {
  const { claims, header, jwt } = assertion;
  const { realm, clientKeys } = check.provider;
  if (claims === undefined || header === undefined || jwt === undefined || !isJwtBearer(assertion))
    return false;
  const federated = findFederated(realm, claims);
  if (federated === undefined) return false;
  const { client, provider } = federated;
  if (client !== check.client) throw refuse('client_id parameter does not match authenticated client');
  const key = await clientKeys.find(`${realm.name} ${provider.alias}`, keysOf(provider), header);
  if (key === undefined) return false;
  try {
    await compactVerify(jwt, key, { algorithms: ASYMMETRIC });
  } catch {
    return false;
  }
  checkClaims(check.provider, claims, {
    audiences: [check.issuer],
    skew: Number(provider.config?.allowedClockSkew ?? 0),
    kind: provider.alias,
    ...(isKubernetes(provider)
      ? { maxAge: 3600, reusable: true }
      : { maxAge: 300, reusable: provider.config?.supportsClientAssertionReuse === 'true' }),
  });
  return true;
}

const isKubernetes = ({ providerId }: IdentityProviderRepresentation): boolean => providerId === 'kubernetes';

/** Whether an identity provider's tokens may stand for clients. Nobody signs in with one here. */
export const mayAssert = (provider: IdentityProviderRepresentation): boolean =>
  isKubernetes(provider) ||
  (provider.providerId === 'oidc' && provider.config?.supportsClientAssertions === 'true');

function keysOf(provider: IdentityProviderRepresentation): KeySource {
  const { issuer = '', jwksUrl = '' } = provider.config ?? {};
  return isKubernetes(provider)
    ? { discovery: `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration` }
    : { url: jwksUrl };
}
