import { unfailing } from '../runtime/notice.ts';
import { readBody } from './fetch-json.ts';

/** Kinds of calls to Keycloak: a fixed list, because metrics have them as a label. */
export const CALL_KINDS = [
  'password',
  'refresh',
  'code',
  'service',
  'exchange',
  'permission',
  'token',
  'userinfo',
  'introspection',
  'jwks',
  'discovery',
  'logout',
  'end_session',
  'revocation',
  'device',
  'pushed_request',
  'events',
  'other',
] as const;
export type CallKind = (typeof CALL_KINDS)[number];

/** `refused`: 4xx, as for a wrong password. `error`: 5xx, or half an answer. `unreachable`: no answer at all. */
export const CALL_OUTCOMES = ['ok', 'refused', 'error', 'timeout', 'unreachable'] as const;
export type CallOutcome = (typeof CALL_OUTCOMES)[number];

/** A call to Keycloak. Nothing that it carries. */
export interface KeycloakCall {
  readonly kind: CallKind;
  readonly method: string;
  /** Scheme, host and port that are called. */
  readonly origin: string;
}

/** The result of a call. */
export interface CallResult {
  readonly outcome: CallOutcome;
  /** `undefined` without an answer. */
  readonly status: number | undefined;
  /** From the call until the answer was read whole. */
  readonly seconds: number;
}

/** A call that has begun. */
export interface BegunCall {
  /** Sent along. */
  readonly headers?: Readonly<Record<string, string>>;
  end(result: CallResult): void;
}

/** The part of an observer for calls. */
export interface CallObserver {
  call?(call: KeycloakCall): BegunCall | undefined;
}

const GRANTS: Readonly<Record<string, CallKind>> = {
  password: 'password',
  refresh_token: 'refresh',
  authorization_code: 'code',
  client_credentials: 'service',
  'urn:ietf:params:oauth:grant-type:token-exchange': 'exchange',
  'urn:ietf:params:oauth:grant-type:uma-ticket': 'permission',
  'urn:ietf:params:oauth:grant-type:device_code': 'device',
};
/** By the path after the realm's. */
const KINDS: Readonly<Record<string, CallKind>> = {
  '/protocol/openid-connect/certs': 'jwks',
  '/.well-known/openid-configuration': 'discovery',
  '/protocol/openid-connect/token/introspect': 'introspection',
  '/protocol/openid-connect/logout': 'logout',
  '/protocol/openid-connect/revoke': 'revocation',
  '/protocol/openid-connect/userinfo': 'userinfo',
  '/protocol/openid-connect/auth/device': 'device',
  '/protocol/openid-connect/ext/par/request': 'pushed_request',
};

function kindOf(path: string, body: unknown): CallKind {
  if (path.includes('/admin/realms/')) return 'events';
  const [, end = ''] = /\/realms\/[^/]+(\/.*)/.exec(path) ?? [];
  if (end === '/protocol/openid-connect/token') {
    const fields = body instanceof URLSearchParams || typeof body === 'string' ? body : '';
    return GRANTS[new URLSearchParams(fields).get('grant_type') ?? ''] ?? 'token';
  }
  if (end.startsWith('/authz/protection/')) return 'permission';
  return KINDS[end] ?? (end.startsWith('/account/sessions') ? 'end_session' : 'other');
}

/** Makes a call, and reports it to those who listen. */
export async function callObserved(
  fetch: typeof globalThis.fetch,
  listening: readonly CallObserver[],
  input: string | URL | Request,
  init: RequestInit,
): Promise<Response> {
  const { pathname, origin } = new URL(input instanceof Request ? input.url : input);
  const call = { kind: kindOf(pathname, init.body), method: init.method ?? 'GET', origin };
  const begun = listening.map((one) => unfailing(() => one.call?.(call)));
  const headers = new Headers(init.headers ?? (input instanceof Request ? input.headers : undefined));
  for (const one of begun) {
    for (const [name, value] of Object.entries(one?.headers ?? {})) headers.set(name, value);
  }
  const startedAt = performance.now();
  const end = (outcome: CallOutcome, status: number | undefined): void => {
    const seconds = (performance.now() - startedAt) / 1000;
    for (const one of begun) unfailing(() => one?.end({ outcome, status, seconds }));
  };
  let status: number | undefined;
  try {
    const answer = await fetch(input, { ...init, headers });
    status = answer.status;
    // A partial answer counts as none. The caller reads the whole answer in any case.
    const body = await readBody(answer);
    end(status >= 500 ? 'error' : status >= 400 ? 'refused' : 'ok', status);
    return new Response(isBodiless(status) ? null : body, answer);
  } catch (error) {
    end(toFailure(error, status), status);
    throw error;
  }
}

/** Such an answer cannot be made with a body (Fetch §2.2.3). */
const isBodiless = (status: number): boolean => status === 204 || status === 205 || status === 304;

function toFailure(error: unknown, status: number | undefined): CallOutcome {
  if (error instanceof Error && error.name === 'TimeoutError') return 'timeout';
  return status === undefined ? 'unreachable' : 'error';
}
