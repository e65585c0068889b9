import { STATUS_CODES } from 'node:http';
import { inspect } from 'node:util';
import { AuthError, isAuthError } from 'keycloak-guard';
import { ClientError } from 'keycloak-guard/client';
import {
  type ClientContext,
  callKeycloak,
  createBoundedCache,
  type OAuthApi,
  toJsonObject,
} from 'keycloak-guard/unstable/connect';
import type { Token } from './token.ts';

/** The members of a {@link Grant}, by the names of RFC 6749 §5.1. */
export interface GrantProperties {
  /** Access token. */
  access_token?: Token | undefined;
  /** Refresh token. */
  refresh_token?: Token | undefined;
  /** ID token (OpenID Connect Core 1.0 §2). */
  id_token?: Token | undefined;
  /** Lifetime of the access token when it was issued. Unit: seconds. */
  expires_in?: number | undefined;
  /** `Bearer`. */
  token_type?: string | undefined;
  /** Keycloak's answer as it was sent. */
  __raw?: string | undefined;
}

/**
 * The tokens of a user, or of this application itself. `GrantManager` makes and validates them; the constructor does not.
 *
 * @example
 * const grant = new Grant({ access_token: new Token(token, 'my-app') });
 * const mayEdit = !grant.isExpired() && grant.access_token?.hasRole('editor');
 */
export class Grant implements GrantProperties {
  access_token?: Token | undefined;
  refresh_token?: Token | undefined;
  id_token?: Token | undefined;
  expires_in?: number | undefined;
  token_type?: string | undefined;
  #raw: string | object | undefined;
  /** Stores the grant in the session. A store adds this method. */
  declare store?: (request: object, response: object) => void;
  /** Removes the grant from the session. A store adds this method. */
  declare unstore?: (request: object, response: object) => void;

  constructor(grant: GrantProperties) {
    this.update(grant);
  }

  /** Keycloak's answer, as JSON. `undefined` if the grant was made by hand. */
  get __raw(): string | undefined {
    // A grant of a bearer token came as an object: it becomes JSON at the first read.
    if (typeof this.#raw === 'object') this.#raw = JSON.stringify(this.#raw);
    return this.#raw;
  }
  set __raw(raw: string | undefined) {
    this.#raw = raw;
  }

  /** Replaces the tokens with those of another grant. */
  update(grant: GrantProperties): void {
    this.access_token = grant.access_token;
    this.refresh_token = grant.refresh_token;
    this.id_token = grant.id_token;
    this.token_type = grant.token_type;
    this.expires_in = grant.expires_in;
    this.__raw = grant.__raw;
  }

  /** The same as `__raw`. */
  // biome-ignore lint/suspicious/noExplicitAny: `toString` must return a string, and keycloak-connect's may return undefined
  toString(): any {
    return this.__raw;
  }

  /** Whether the access token has expired or is missing. */
  isExpired(): boolean {
    return this.access_token?.isExpired() ?? true;
  }

  [inspect.custom](): object {
    const { access_token, refresh_token, id_token, expires_in, token_type } = this;
    return { access_token, id_token, expires_in, token_type, refresh_token: refresh_token && '…' };
  }
}

/** Called with an error, or with `null` and a result, in place of a promise. */
export type Callback<T> = (error: Error | null, result?: T) => void;

/** Answers by the callback if there is one. The promise then resolves to nothing and never rejects. */
export function answer<T>(promise: Promise<T>, callback: unknown): Promise<T> {
  if (typeof callback !== 'function') return promise;
  const call = callback as Callback<T>;
  return promise.then(
    (result) => call(null, result),
    (error) => call(error),
  ) as Promise<never>;
}

/** Uses each refresh token once, however many requests bring it. */
export type Renewal = (refreshToken: string, trade: () => Promise<string>) => Promise<string>;

/**
 * How long an answer is remembered. A request that loaded the old session may arrive after the one that renewed it; with
 * "Revoke Refresh Token" on, Keycloak would end the session. Unit: milliseconds.
 */
const REMEMBERED_MS = 60_000;
/** Each takes about 4 KiB. */
const MAX_REMEMBERED = 2_000;

interface Traded {
  readonly answer: Promise<string>;
  readonly at: number;
}

export function createRenewal(): Renewal {
  const traded = createBoundedCache<Traded>(MAX_REMEMBERED);

  return (refreshToken, trade) => {
    const known = traded.get(refreshToken);
    if (known !== undefined && performance.now() - known.at < REMEMBERED_MS) return known.answer;
    const answer = trade();
    traded.set(refreshToken, { answer, at: performance.now() });
    // A failed attempt may be repeated.
    answer.catch(() => traded.delete(refreshToken));
    return answer;
  };
}

/** Whether Keycloak calls a token active (RFC 7662 §2.2). */
export async function introspect(context: ClientContext, token: string): Promise<boolean> {
  const { active } = await ask(context, token, 'authenticated', context.issuer.endpoints.introspection, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ token }),
  });
  return active === true;
}

/** @throws {Error} with keycloak-connect's message, for every cause */
export async function readUserinfo(context: ClientContext, token: string): Promise<Record<string, unknown>> {
  try {
    const headers = { authorization: `Bearer ${token}` };
    return await ask(context, token, 'fetch', context.issuer.endpoints.userinfo, { headers });
  } catch (cause) {
    throw new Error('Error fetching account', { cause });
  }
}

function ask(
  context: ClientContext,
  token: string,
  by: 'authenticated' | 'fetch',
  url: string,
  init: Omit<Parameters<OAuthApi['fetch']>[1], 'signal'>,
): Promise<Record<string, unknown>> {
  return callKeycloak(context, { hidden: [token] }, async (api) => {
    const headers = { ...init.headers, accept: 'application/json' };
    const signal = AbortSignal.timeout(context.timeoutMs);
    const request = { ...init, headers, signal };
    const response = await (by === 'fetch' ? api.fetch(url, request) : api.authenticated(url, request));
    const answer = response.status === 200 ? toJsonObject(await response.text()) : undefined;
    if (answer === undefined) throw new Error('refused');
    return answer;
  });
}

/** keycloak-connect's message, which is the status of Keycloak's answer. The `cause` says why. */
export function toStatusError(error: unknown): unknown {
  if (!(error instanceof ClientError) || error.answerStatus === 0) return error;
  const { answerStatus } = error;
  return new Error(`${answerStatus}:${STATUS_CODES[answerStatus] ?? ''}`, { cause: error });
}

/** The engine's error beneath a grant's error: it knows whose fault it is. */
export function causeOf(error: unknown): AuthError | ClientError | undefined {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (isAuthError(at) || at instanceof ClientError) return at;
  }
  return undefined;
}

/** The refusal to answer with. `undefined` if only the lack of a grant is known. */
export function toAuthError(error: unknown): AuthError | undefined {
  const cause = causeOf(error);
  if (!(cause instanceof ClientError)) return cause;
  const { kind, diagnosis } = cause;
  if (kind === 'provider_unavailable') return new AuthError('provider_unavailable', diagnosis.cause);
  if (kind === 'client_misconfigured') return new AuthError('provider_misconfigured', diagnosis.cause);
  return undefined;
}

/** The refusal, if it is Keycloak's or this set-up's fault and not the caller's. */
export function outageOf(error: unknown): AuthError | undefined {
  const refusal = toAuthError(error);
  return refusal !== undefined && refusal.statusCode >= 500 ? refusal : undefined;
}
