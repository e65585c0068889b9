import { readChallengeErrors } from './challenge.ts';
import { AuthError } from './errors.ts';
import { type BoundedResponse, fetchBounded, toJsonObject } from './fetch-json.ts';
import type { Issuer } from './issuer.ts';
import type { Notice, ResolvedOptions } from './options.ts';
import type { Claims } from './principal.ts';
import { hasAudience } from './registered-claims.ts';

/** What Keycloak says of a token. */
export type RemoteAnswer =
  /** Good, with the claims Keycloak adds (none where the answer is signed or encrypted). */
  | { readonly outcome: 'active'; readonly by: 'introspection' | 'userinfo'; readonly claims: Claims }
  /** No longer good. */
  | { readonly outcome: 'inactive'; readonly reason: string }
  /** It cannot be asked about this token, now or later. */
  | { readonly outcome: 'impossible' }
  /** It refused to tell this API, and there is no other way to ask: our own fault, which may be mended. */
  | { readonly outcome: 'refused'; readonly error: AuthError }
  /** It did not answer. */
  | { readonly outcome: 'unavailable'; readonly error: AuthError };

/** Asks Keycloak about tokens. */
export interface RemoteCheck {
  /**
   * Never rejects.
   *
   * @param wasIntrospected introspection called this token active before, so that "inactive" can be believed
   */
  ask(token: string, claims: Claims, wasIntrospected: boolean): Promise<RemoteAnswer>;
  /**
   * Waits for an answer, but no longer than a request should, and not at all while `isSlow`: then it counts as
   * unavailable. The call goes on.
   */
  waitBriefly(answer: Promise<RemoteAnswer>): Promise<RemoteAnswer>;
  /** When a call last remained without an answer; `undefined` once one was answered. Unit: milliseconds since 1970. */
  readonly failedAt: number | undefined;
  /** True for ten seconds after it did not answer, or not in time: a request should not wait for it. */
  readonly isSlow: boolean;
}

type RemoteOptions = Pick<
  ResolvedOptions,
  'clientId' | 'clientSecret' | 'clock' | 'fetch' | 'onNotice' | 'timeoutMs'
>;

/** After a call without an answer, nobody asks for so long: then one call tries, and the rest go on waiting. */
const PAUSE_MS = 2_000;

/** How long "slow" is believed: where nobody asks, nobody finds out that it is over. */
const SLOW_MS = 10_000;

/** Longest wait of a request for which a good signature is enough. */
const PATIENCE_MS = 1_000;

/**
 * Chooses the question by what Keycloak will answer: introspection (RFC 7662) where the client is in `aud`, for
 * Keycloak 26.6.2 and later call any other token inactive; else userinfo (OpenID Connect Core 1.0 §5.3), which
 * needs the scope `openid`; else there is nobody to ask.
 */
export function createRemoteCheck(issuer: Issuer, options: RemoteOptions): RemoteCheck {
  let failedAt: number | undefined;
  let isProbing = false;
  // By a clock that nobody sets.
  let slowAt = Number.NEGATIVE_INFINITY;
  const patienceMs = Math.min(PATIENCE_MS, options.timeoutMs);
  const told = new Set<string>();
  const isSlow = () => performance.now() - slowAt < SLOW_MS;

  function tellOnce(level: Notice['level'], code: Notice['code'], message: string): void {
    if (told.has(code)) return;
    told.add(code);
    options.onNotice({ level, code, message });
  }

  async function call(token: string, claims: Claims, wasIntrospected: boolean): Promise<RemoteAnswer> {
    const isOurs = hasAudience(claims, options.clientId) || wasIntrospected;
    let refused: RemoteAnswer | undefined;
    // A lightweight token has no `aud`; Keycloak may still add it when asked.
    if (options.clientSecret !== undefined && (isOurs || claims.aud === undefined)) {
      const answer = await introspect(token, isOurs);
      if (answer !== undefined && answer.outcome !== 'refused') return answer;
      refused = answer;
    }
    const isForUserinfo = hasScope(claims, 'openid') && claims.sub !== undefined;
    const answer = isForUserinfo ? await askUserinfo(token, claims) : undefined;
    return answer ?? refused ?? toImpossible();
  }

  function toImpossible(): RemoteAnswer {
    tellOnce(
      'warn',
      'recheck_impossible',
      `Keycloak cannot be asked about some tokens: give the client ${options.clientId} an audience mapper, or request the scope openid at login`,
    );
    return { outcome: 'impossible' };
  }

  /** `undefined`: this question leads nowhere, try the next. */
  async function introspect(token: string, isOurs: boolean): Promise<RemoteAnswer | undefined> {
    const response = await fetchBounded(issuer.endpoints.introspection, {
      ...options,
      what: 'an introspection answer',
      init: {
        method: 'POST',
        headers: {
          authorization: toBasic(options.clientId, options.clientSecret as string),
          accept: 'application/json',
        },
        body: new URLSearchParams({ token, token_type_hint: 'access_token' }),
      },
    });
    if (response.status === 400 || response.status === 401 || response.status === 403) {
      const reason = `Keycloak refused to introspect for the client ${options.clientId} (${describe(response)}): its secret or type is wrong`;
      tellOnce('error', 'recheck_misconfigured', reason);
      return { outcome: 'refused', error: new AuthError('provider_misconfigured', reason) };
    }
    const answer = toAnswer(response);
    if (answer === undefined || typeof answer.active !== 'boolean') throw toUnavailable(response);
    told.delete('recheck_misconfigured');
    const { active, ...added } = answer;
    if (active) return { outcome: 'active', by: 'introspection', claims: added };
    // Of another audience's token Keycloak says "inactive" whatever its state.
    return isOurs ? { outcome: 'inactive', reason: 'introspection says inactive' } : undefined;
  }

  /** `undefined` as for `introspect`. */
  async function askUserinfo(token: string, claims: Claims): Promise<RemoteAnswer | undefined> {
    const response = await fetchBounded(issuer.endpoints.userinfo, {
      ...options,
      what: 'a userinfo answer',
      init: { headers: { authorization: `Bearer ${token}`, accept: 'application/json, application/jwt' } },
    });
    if (response.status === 200) {
      return { outcome: 'active', by: 'userinfo', claims: toOwnClaims(toAnswer(response), claims) };
    }
    const said = readChallengeErrors(response.headers.get('www-authenticate') ?? '');
    if (response.status === 401 && !/lightweight/i.test(said)) {
      return { outcome: 'inactive', reason: describe(response) };
    }
    if (response.status === 401 || /insufficient_scope/.test(said)) return undefined;
    throw toUnavailable(response);
  }

  return {
    get failedAt() {
      return failedAt;
    },
    get isSlow() {
      return isSlow();
    },
    async waitBriefly(answer) {
      if (isSlow()) return { outcome: 'unavailable', error: toSilence() };
      let timer: NodeJS.Timeout | undefined;
      const patience = new Promise<RemoteAnswer>((resolve) => {
        timer = setTimeout(() => {
          slowAt = performance.now();
          resolve({ outcome: 'unavailable', error: toSilence() });
        }, patienceMs);
      });
      const first = await Promise.race([answer, patience]);
      clearTimeout(timer);
      return first;
    },
    async ask(token, claims, wasIntrospected) {
      if (failedAt !== undefined && isSlow()) {
        const since = options.clock() - failedAt;
        // Less than none means that the clock was set back.
        if (isProbing || (since >= 0 && since < PAUSE_MS)) {
          return { outcome: 'unavailable', error: toSilence() };
        }
        isProbing = true;
      }
      const begin = performance.now();
      try {
        const answer = await call(token, claims, wasIntrospected);
        if (performance.now() - begin < patienceMs) slowAt = Number.NEGATIVE_INFINITY;
        if (failedAt !== undefined) {
          failedAt = undefined;
          options.onNotice({ level: 'info', code: 'provider_back', message: 'Keycloak answers again' });
        }
        return answer;
      } catch (error) {
        const failure = error as AuthError;
        if (failedAt === undefined) {
          options.onNotice({ level: 'error', code: 'provider_unavailable', message: failure.reason });
        }
        failedAt = options.clock();
        slowAt = performance.now();
        return { outcome: 'unavailable', error: failure };
      } finally {
        isProbing = false;
      }
    },
  };
}

function hasScope(claims: Claims, scope: string): boolean {
  return typeof claims.scope === 'string' && claims.scope.split(' ').includes(scope);
}

/** RFC 6749 §2.3.1: both parts are form-encoded first. */
function toBasic(clientId: string, clientSecret: string): string {
  const encode = (text: string) => new URLSearchParams([['', text]]).toString().slice(1);
  return `Basic ${Buffer.from(`${encode(clientId)}:${encode(clientSecret)}`).toString('base64')}`;
}

/** OpenID Connect Core 1.0 §5.3.2: an answer about somebody else must not be used. */
function toOwnClaims(answer: Claims | undefined, claims: Claims): Claims {
  return answer !== undefined && answer.sub === claims.sub ? answer : {};
}

function toAnswer({ status, body }: BoundedResponse): Claims | undefined {
  return status === 200 ? toJsonObject(body) : undefined;
}

function toSilence(): AuthError {
  return new AuthError('provider_unavailable', 'Keycloak does not answer');
}

function toUnavailable(response: BoundedResponse): AuthError {
  return new AuthError('provider_unavailable', `Keycloak gave no usable answer (${describe(response)})`);
}

/** Status and, where there is one, Keycloak's own explanation: it holds neither token nor secret. */
function describe(response: BoundedResponse): string {
  const challenge = response.headers.get('www-authenticate');
  const explanation = challenge ?? (response.body.length <= 300 ? response.body : '');
  return `HTTP ${response.status} ${explanation}`.trim();
}
