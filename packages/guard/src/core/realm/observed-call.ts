import { unfailing } from '../runtime/notice.ts';
import { readBody } from './fetch-json.ts';
import type { CallKind, CallObserver, CallOutcome } from './observed-fetch.ts';

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
