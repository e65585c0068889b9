import type { Confirmation } from '../binding/sender-check.ts';
import { AuthError } from '../http/errors.ts';
import { toJsonObject } from '../jwt/compact-jws.ts';
import { hasAudience, hasNoAudience } from '../jwt/signed-jwt.ts';
import type { Claims } from '../principal/principal.ts';
import {
  type BoundedResponse,
  describeAnswer,
  failureKindOfAnswer,
  fetchBounded,
  markFailure,
  readRefusal,
} from '../realm/fetch-json.ts';
import type { Issuer } from '../realm/issuer.ts';
import { fetchWith } from '../realm/observed-fetch.ts';
import type { Notice } from '../runtime/notice.ts';
import type { TokenOptions } from './verify.ts';

/** Keycloak's answer about a token. */
export type RemoteAnswer =
  /** Good, with the claims Keycloak adds; without them if the answer is signed, encrypted, or about another user. */
  | {
      readonly outcome: 'active';
      readonly by: 'introspection' | 'userinfo';
      readonly claims: Claims | undefined;
    }
  /** No longer good. `isForNow`: another fault of Keycloak's would look the same, so the token may be good later. */
  | { readonly outcome: 'inactive'; readonly reason: string; readonly isForNow?: true }
  /** It cannot be asked about this token, now or later. */
  | { readonly outcome: 'impossible' }
  /** It refused to answer this API, and there is no other way to ask: our own fault, which may be mended. */
  | { readonly outcome: 'refused'; readonly error: AuthError }
  /** It was not asked, by a fault of this application that no setting mends. */
  | { readonly outcome: 'faulty'; readonly error: AuthError }
  /** It did not answer. */
  | { readonly outcome: 'unavailable'; readonly error: AuthError };

/** Known facts about a token beside its claims. */
export interface KnownBefore {
  /** Introspection called it active before, so that "inactive" can be believed. */
  readonly wasIntrospected: boolean;
  readonly confirmation: Confirmation | undefined;
}

/**
 * Asks about a token.
 *
 * @throws {AuthError} `provider_unavailable` where Keycloak gave no answer
 */
export type RemoteQuestion = (token: string, claims: Claims, known: KnownBefore) => Promise<RemoteAnswer>;

/**
 * Chooses the question by what Keycloak will answer: introspection (RFC 7662) where the client is in `aud`, for
 * Keycloak 26.6.2 and later call any other token inactive; else userinfo (OpenID Connect Core 1.0 §5.3), which
 * needs the scope `openid`; else neither. Userinfo does not work for a bound token either: it requires
 * the key or the certificate of its sender (RFC 9449 §7.1, RFC 8705 §3).
 *
 * A token without `aud` is the exception. It may be a lightweight one, and Keycloak adds the audience when it is asked:
 * then "inactive" is all that is ever said of it, and is believed, though it may mean the audience alone.
 */
export function createRemoteQuestion(
  issuer: Issuer,
  options: Pick<TokenOptions, 'clientId' | 'credential' | 'fetch' | 'onNotice' | 'timeoutMs'>,
): RemoteQuestion {
  const { clientId, credential } = options;
  const { reportOnce, forget, toInactiveUnlessMapped, toImpossible, toStranger } = createReports(options);

  async function call(token: string, claims: Claims, known: KnownBefore): Promise<RemoteAnswer> {
    if (issuer.current?.isFollowingCaller === true) return toStranger(issuer.current.issuer);
    const isOurs = hasAudience(claims, clientId) || known.wasIntrospected;
    const isBound = known.confirmation !== undefined;
    let introspected: RemoteAnswer | undefined;
    if (credential.kind !== 'none' && (isOurs || hasNoAudience(claims))) {
      introspected = await introspect(token);
      if (introspected.outcome === 'active' || (introspected.outcome === 'inactive' && isOurs))
        return introspected;
    }
    const isForUserinfo = !isBound && hasScope(claims, 'openid');
    const answer = isForUserinfo ? await askUserinfo(token, claims) : undefined;
    if (answer !== undefined) return answer;
    if (introspected?.outcome === 'refused') {
      const { code, reason } = introspected.error;
      if (code !== 'provider_unavailable') return introspected;
      if (isForOrganization(claims)) return { outcome: 'inactive', reason, isForNow: true };
      reportOnce('warn', 'recheck_impossible', reason);
      return introspected;
    }
    // A token that names its user may still be good; one that does not depends on Keycloak's answer.
    if (introspected?.outcome === 'inactive' && isLackingClaims(claims))
      return toInactiveUnlessMapped(introspected);
    return toImpossible(isBound, isOurs);
  }

  async function introspect(token: string): Promise<RemoteAnswer> {
    const response = await credential.authenticate(issuer, ({ headers, fields }) =>
      fetchBounded(issuer.endpoints.introspection, {
        timeoutMs: options.timeoutMs,
        fetch: fetchWith(credential, options.fetch),
        what: 'an introspection answer',
        secrets: [token, ...credential.secrets()],
        init: {
          method: 'POST',
          headers: { ...headers, accept: 'application/json' },
          body: new URLSearchParams({ token, token_type_hint: 'access_token', ...fields }),
        },
      }),
    );
    const without = withoutRealm(response, token);
    if (without !== undefined) return without;
    const { error, description = '' } = readRefusal(response) ?? {};
    const isRefused = response.status === 400 || response.status === 401 || response.status === 403;
    if (isRefused && description === 'Failed to introspect token.') {
      // The client was let in: it is about this token, as of an organization that its user has left. Userinfo says more.
      return { outcome: 'refused', error: toUnavailable(response, token) };
    }
    if (isRefused && error !== undefined) {
      const reason = `Keycloak refused to introspect for the client ${clientId} (${describe(response, token)}): there is no such client, or its credential or type is wrong; npx keycloak-guard doctor finds out`;
      reportOnce('error', 'recheck_misconfigured', reason);
      return { outcome: 'refused', error: new AuthError('provider_misconfigured', reason) };
    }
    const answer = toAnswer(response);
    if (answer === undefined || typeof answer.active !== 'boolean') throw toUnavailable(response, token);
    forget('recheck_misconfigured');
    if (!answer.active) return { outcome: 'inactive', reason: 'introspection says inactive' };
    // Members of the answer, not claims of the token (RFC 7662 §2.2).
    const { active, username, client_id, token_type, ...claims } = answer;
    return { outcome: 'active', by: 'introspection', claims };
  }

  /** `undefined`: this question leads nowhere. */
  async function askUserinfo(token: string, claims: Claims): Promise<RemoteAnswer | undefined> {
    const response = await fetchBounded(issuer.endpoints.userinfo, {
      ...options,
      what: 'a userinfo answer',
      secrets: [token],
      init: { headers: { authorization: `Bearer ${token}`, accept: 'application/json, application/jwt' } },
    });
    if (isUserinfo(response)) {
      return { outcome: 'active', by: 'userinfo', claims: toOwnClaims(toAnswer(response), claims) };
    }
    const { error, description = '' } = readRefusal(response) ?? {};
    if (error === 'insufficient_scope' || /lightweight/i.test(description)) return undefined;
    // `invalid_grant`, with 400: its user has left the organization that it is for.
    if ((response.status === 401 && error === 'invalid_token') || error === 'invalid_grant') {
      return { outcome: 'inactive', reason: describe(response, token) };
    }
    const without = withoutRealm(response, token);
    if (without !== undefined) return without;
    throw toUnavailable(response, token);
  }

  /** No token is good of a realm that was deleted, renamed or switched off. */
  function withoutRealm(response: BoundedResponse, token: string): RemoteAnswer | undefined {
    const { error, description = error } = readRefusal(response) ?? {};
    if (!/^Realm (does not exist|not enabled)$/i.test(description ?? '')) return undefined;
    const reason = describe(response, token);
    reportOnce('error', 'recheck_misconfigured', `Every token is refused, for Keycloak says: ${description}`);
    return { outcome: 'inactive', reason };
  }

  /** An answer may repeat parts of the request. */
  function describe(response: BoundedResponse, token: string): string {
    return describeAnswer(response, [token, ...credential.secrets()]);
  }

  function toUnavailable(response: BoundedResponse, token: string): AuthError {
    const seen = describe(response, token);
    const failure = new AuthError('provider_unavailable', `Keycloak gave no usable answer (${seen})`);
    return markFailure(failure, failureKindOfAnswer(response));
  }

  return call;
}

/** Tells the operator once why Keycloak cannot be asked. */
function createReports(options: Pick<TokenOptions, 'clientId' | 'credential' | 'onNotice'>) {
  const { clientId, credential, onNotice } = options;
  const reported = new Set<string>();

  function reportOnce(level: Notice['level'], code: Notice['code'], message: string): void {
    if (reported.has(code)) return;
    reported.add(code);
    onNotice({ level, code, message });
  }

  /** For a token without an audience the answer is the same whether it was revoked or has no audience mapper. */
  function toInactiveUnlessMapped(inactive: RemoteAnswer): RemoteAnswer {
    reportOnce(
      'warn',
      'recheck_impossible',
      `Keycloak calls lightweight tokens inactive, and they are refused: if all of them are, give the client they are issued to an audience mapper for ${clientId}`,
    );
    return inactive;
  }

  function toImpossible(isBound: boolean, isOurs: boolean): RemoteAnswer {
    const mapper = `give the client they are issued to an audience mapper for ${clientId}`;
    const secret = 'give this API the secret of its client, or another credential';
    const needs = credential.kind !== 'none' ? mapper : isOurs ? secret : `${secret}, and ${mapper}`;
    reportOnce(
      'warn',
      'recheck_impossible',
      isBound
        ? `Keycloak cannot be asked about some tokens that are bound to a key: ${needs}`
        : `Keycloak cannot be asked about some tokens: ${needs}; or request the scope openid at login`,
    );
    return { outcome: 'impossible' };
  }

  /** Keycloak would call all of them bad, because it names itself by another address. */
  function toStranger(name: string): RemoteAnswer {
    reportOnce(
      'warn',
      'recheck_impossible',
      `Keycloak cannot be asked about tokens: called here, it names itself by another address than ${name}. Set KC_HOSTNAME of Keycloak to its public URL`,
    );
    return { outcome: 'impossible' };
  }

  return {
    ...{ reportOnce, toInactiveUnlessMapped, toImpossible, toStranger },
    /** It was mended: the next time is reported again. */
    forget: (code: Notice['code']) => reported.delete(code),
  };
}

function hasScope(claims: Claims, scope: string): boolean {
  return typeof claims.scope === 'string' && claims.scope.split(' ').includes(scope);
}

/** Once its user has left the organization, it is neither introspected nor refreshed. With `organization:*` it may be for one, too. */
const isForOrganization = ({ scope }: Claims) => /(^| )organization(:| |$)/.test(String(scope));

/** A signed or encrypted answer in compact form: of the header of each (RFC 7515 §4.1.1, RFC 7516 §4.1.1). */
const COMPACT = /^([\w-]+)(?:\.[\w-]*){2,4}$/;

function isCompact(body: string): boolean {
  const header = COMPACT.exec(body.trim())?.[1] ?? '';
  // A host name or a version has the same form.
  return typeof toJsonObject(Buffer.from(header, 'base64url').toString())?.alg === 'string';
}

/** OpenID Connect Core 1.0 §5.3.2: the answer names the user. A proxy's page names no user. */
function isUserinfo(response: BoundedResponse): boolean {
  const answer = toAnswer(response);
  return typeof answer?.sub === 'string' || (response.status === 200 && isCompact(response.body));
}

/**
 * OpenID Connect Core 1.0 §5.3.2: an answer about another user must not be used. Of a token without `sub` (client without
 * the scope `basic`) it only says that the token is good.
 */
function toOwnClaims(answer: Claims | undefined, claims: Claims): Claims | undefined {
  return answer?.sub === claims.sub ? answer : undefined;
}

/**
 * A lightweight token, or one without the scopes `basic` and `profile`: who it is, and often which roles they have,
 * only Keycloak can tell.
 */
export function isLackingClaims(claims: Claims): boolean {
  return [claims.sub, claims.preferred_username].some((one) => typeof one !== 'string' || one === '');
}

function toAnswer({ status, body }: BoundedResponse): Claims | undefined {
  return status === 200 ? toJsonObject(body) : undefined;
}
