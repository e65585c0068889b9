import { isAuthError, type Verifier } from 'keycloak-guard';
import { AuthorizationError } from 'keycloak-guard/client';
import {
  createBoundedCache,
  isThenable,
  readCompactJws,
  verifySignedJwt,
} from 'keycloak-guard/unstable/connect';
import type { Engine } from './engine.ts';
import { attachPrincipal, isUntouched, Token } from './token.ts';

/** A token is validated against these: the manager's own fields, which an application may change. */
export interface VerdictRules {
  readonly clientId: string | undefined;
  /** Unit: seconds since 1970. */
  readonly notBefore: number;
  readonly realmUrl: string;
  readonly publicKey: string | undefined;
  readonly verifyTokenAudience: boolean | undefined;
}

/** Validates tokens. Messages are keycloak-connect's; the engine's refusal is the `cause`. */
export type TokenVerdict = (
  token: Token | undefined,
  expectedType: string | undefined,
  rules: VerdictRules,
) => Promise<Token>;

/** Bounds the verified ID tokens in memory: they come with every request of a session. */
const MAX_KNOWN = 10_000;

export function createTokenVerdict(engineOf: () => Pick<Engine, 'verifier' | 'pinned'>): TokenVerdict {
  const known = createBoundedCache<number>(MAX_KNOWN);

  async function verifyIdToken(token: string, verifier: Verifier): Promise<void> {
    const now = verifier.context.options.clock() / 1000;
    if ((known.get(token) ?? 0) > now) return;
    const { claims } = await verifySignedJwt(token, verifier.context, {
      headerTypes: /^(application\/)?JWT$/i,
      issuer: verifier.context.issuer,
      requiredClaims: ['exp'],
    });
    known.set(token, claims.exp as number);
  }

  return async (token, expectedType, rules) => {
    if (!token) throw invalid('missing');
    const { verifier, pinned } = engineOf();
    pinned?.learn(token.token, verifier.context.keys);
    const isPlain = token instanceof Token && isUntouched(token) && expectedType === 'Bearer';
    // Checks the fields as they are now: an application may have changed them.
    if (!isPlain) assertFields(token, expectedType, rules, verifier);
    try {
      if (expectedType === 'Bearer') {
        const verified = verifier.verify(token.token);
        const principal = isThenable(verified) ? await verified : verified;
        if (((principal.claims.iat as number | undefined) ?? 0) < rules.notBefore)
          throw invalid('stale token');
        if (token instanceof Token) attachPrincipal(token, principal);
      } else await verifyIdToken(token.token, verifier);
    } catch (error) {
      throw isAuthError(error) ? toWords(error, rules) : error;
    }
    return token;
  };
}

/** Checks in keycloak-connect's order, so that the same mistake is reported first. */
function assertFields(
  token: Token,
  expectedType: string | undefined,
  rules: VerdictRules,
  verifier: Verifier,
): void {
  const { clientId, notBefore, realmUrl, verifyTokenAudience } = rules;
  if (token.isExpired()) throw invalid('expired');
  if (!token.signed) throw invalid('not signed');
  const { content, header } = token;
  if (content.typ !== expectedType) throw invalid('wrong type');
  if ((content.iat as number) < notBefore) throw invalid('stale token');
  if (content.iss !== (verifier.issuer.current?.issuer ?? realmUrl)) throw invalid('wrong ISS');
  const audience = [content.aud].flat();
  if (expectedType === 'ID' || verifyTokenAudience) {
    if (!audience.includes(clientId)) throw invalid('wrong audience');
  }
  if (expectedType === 'ID' && content.azp && content.azp !== clientId)
    throw invalid('authorized party should match client id');
  if (typeof header?.kid !== 'string' && rules.publicKey === undefined) throw noKey(NO_SUCH_KEY);
  const { signature } = token;
  const text = typeof signature === 'string' ? signature : (signature?.toString('base64url') ?? '');
  if (`${token.signed}.${text}` !== token.token) throw badSignature(rules);
}

const NO_SUCH_KEY = 'Expected "jwk" to be an Object';

function invalid(what: string, cause?: unknown): Error {
  return new Error(`invalid token (${what})`, cause === undefined ? undefined : { cause });
}

function noKey(reason: string, cause?: unknown): Error {
  const message = `failed to load public key to verify token. Reason: ${reason}`;
  return new Error(message, cause === undefined ? undefined : { cause });
}

function badSignature({ publicKey }: Pick<VerdictRules, 'publicKey'>, cause?: unknown): Error {
  return invalid(publicKey === undefined ? 'public key signature' : 'signature', cause);
}

function toWords(
  error: Error & { readonly code: string; readonly reason: string },
  rules: VerdictRules,
): Error {
  switch (error.code) {
    // keycloak-connect reports a malformed token as expired.
    case 'token_malformed':
    case 'token_encrypted':
    case 'token_expired':
      return invalid('expired', error);
    case 'token_type':
      return invalid('wrong type', error);
    case 'token_issuer':
      return invalid('wrong ISS', error);
    case 'token_audience':
      return invalid('wrong audience', error);
    case 'token_revoked':
      return invalid('stale token', error);
    case 'token_signature':
    case 'token_algorithm':
      return badSignature(rules, error);
    case 'token_key_unknown':
      return rules.publicKey === undefined ? noKey(NO_SUCH_KEY, error) : badSignature(rules, error);
    case 'provider_unavailable':
    case 'provider_misconfigured':
      return noKey(error.reason, error);
    default:
      return invalid(error.reason, error);
  }
}

/** Refuses a code that was injected: the ID token must carry the nonce of this login (RFC 9700 §4.5). */
export function assertNonce(text: string, nonce: string): void {
  const { id_token } = JSON.parse(text) as { id_token?: string };
  if (id_token !== undefined && readCompactJws(id_token).payload().nonce === nonce) return;
  throw new AuthorizationError('invalid_response', undefined);
}

/**
 * With tokens in a cookie, a caller could combine those of two users (OpenID Connect Core 1.0 §5.3.2). A claim that one of
 * them lacks, such as a lightweight access token, is not compared.
 *
 * @throws {Error} unless both belong to one user and one session
 */
export function assertSameUser({ content: access }: Token, { content: id }: Token): void {
  const isOther = (claim: 'sub' | 'sid') =>
    access[claim] !== undefined && id[claim] !== undefined && access[claim] !== id[claim];
  if (isOther('sub') || isOther('sid')) throw new Error('invalid token (wrong subject)');
}
