import type { Issuer } from 'keycloak-guard';
import { readWhole } from './read-whole.ts';

/** Kinds of calls to Keycloak; the values of a metric's label, so a fixed list. */
export const CALL_KINDS = [
  'password',
  'refresh',
  'code',
  'token',
  'userinfo',
  'introspection',
  'jwks',
  'discovery',
  'logout',
  'end_session',
  'revocation',
  'events',
  'other',
] as const;
export type CallKind = (typeof CALL_KINDS)[number];

/** `refused`: 4xx, as for a wrong password. `error`: 5xx, or half an answer. `unreachable`: no answer at all. */
export const CALL_OUTCOMES = ['ok', 'refused', 'error', 'timeout', 'unreachable'] as const;
export type CallOutcome = (typeof CALL_OUTCOMES)[number];

/** What came of a call. */
export interface CallResult {
  readonly outcome: CallOutcome;
  readonly status: number | undefined;
  /** From the call until the answer was read whole. */
  readonly seconds: number;
}

/** Called when a call begins; the returned function is called when it ends. `headers` are sent along. */
export type CallObserver = (
  kind: CallKind,
  method: string,
) => { readonly headers?: Readonly<Record<string, string>>; end(result: CallResult): void };

/** A `fetch` for calls to Keycloak that tells how they went. */
export interface ObservedFetch {
  readonly fetch: typeof fetch;
  readonly observers: CallObserver[];
}

const GRANTS: Readonly<Record<string, CallKind>> = {
  password: 'password',
  refresh_token: 'refresh',
  authorization_code: 'code',
};

export function observeCalls(endpoints: Issuer['endpoints']): ObservedFetch {
  const observers: CallObserver[] = [];
  const kinds = new Map<string, CallKind>([
    [endpoints.certs, 'jwks'],
    [endpoints.discovery, 'discovery'],
    [endpoints.introspection, 'introspection'],
    [endpoints.logout, 'logout'],
    [endpoints.revocation, 'revocation'],
    [endpoints.userinfo, 'userinfo'],
  ]);

  function toKind(url: string, body: unknown): CallKind {
    if (url !== endpoints.token) {
      if (url.includes('/admin/realms/')) return 'events';
      return kinds.get(url) ?? (url.includes('/account/sessions/') ? 'end_session' : 'other');
    }
    const fields = body instanceof URLSearchParams || typeof body === 'string' ? body : '';
    return GRANTS[new URLSearchParams(fields).get('grant_type') ?? ''] ?? 'token';
  }

  async function observed(input: string | URL | Request, init: RequestInit = {}): Promise<Response> {
    const kind = toKind(String(input), init.body);
    const begun = observers.map((begin) => begin(kind, init.method ?? 'GET'));
    const headers = new Headers(init.headers);
    for (const [name, value] of begun.flatMap((one) => Object.entries(one.headers ?? {}))) {
      headers.set(name, value);
    }
    const startedAt = performance.now();
    const end = (outcome: CallOutcome, status: number | undefined): void => {
      const seconds = (performance.now() - startedAt) / 1000;
      for (const one of begun) one.end({ outcome, status, seconds });
    };
    let status: number | undefined;
    try {
      const answer = await fetch(input, { ...init, headers });
      status = answer.status;
      // A partial answer counts as none. The caller reads the whole answer in any case.
      const body = await readWhole(answer);
      const whole = new Response(isBodiless(status) ? null : body, answer);
      end(toOutcome(status), status);
      return whole;
    } catch (error) {
      end(toFailure(error, status), status);
      throw error;
    }
  }

  return { fetch: observed as typeof fetch, observers };
}

/** Such an answer cannot be made with a body (Fetch §2.2.3). */
const isBodiless = (status: number): boolean => status === 204 || status === 205 || status === 304;

function toOutcome(status: number): CallOutcome {
  if (status >= 500) return 'error';
  return status >= 400 ? 'refused' : 'ok';
}

function toFailure(error: unknown, status: number | undefined): CallOutcome {
  if (error instanceof Error && error.name === 'TimeoutError') return 'timeout';
  return status === undefined ? 'unreachable' : 'error';
}
