import type { AuthError, AuthErrorCode, Principal } from '../../../core/index.ts';
import {
  type Actor,
  type EventSource,
  type KeycloakMessage,
  type Observer,
  type RequestLike,
  readCompactJws,
  readCredentials,
  type SecurityEvent,
  unfailing,
} from '../../../core/internal.ts';
import type { SessionEvent, SessionRequest } from '../../../session/index.ts';

/** Reports security events to the observers of a verifier. */
export interface SecurityEvents<Incoming> {
  admitted(request: Incoming, principal: Principal): void;
  /** @param judged the token that was refused. Default: the one of the request's headers */
  denied(request: Incoming, error: AuthError, principal: Principal | null, judged?: string): void;
  message(request: Incoming, message: KeycloakMessage): void;
  session(event: SessionEvent, request: Incoming | null): void;
}

/** How the sources of events are read. */
export interface SecurityEventsHost<Incoming> {
  toRequest(request: Incoming): RequestLike;
  toSessionRequest(request: Incoming): Pick<SessionRequest, 'method' | 'id'>;
  toAppRequest?(request: Incoming): unknown;
  addressOf?(request: Incoming): string | undefined;
  /** See `Tenants.knownNameOf`. Left out: there are no realms of tenants. */
  tenantOf?(request: Incoming, token?: string): string | undefined;
}

type Who = Pick<SecurityEvent, 'user' | 'through' | 'tenant' | 'subject' | 'sessionId'>;

/** Refused after the signature check: the claims are true, although the token is not valid any more. */
const SIGNED: ReadonlySet<AuthErrorCode> = new Set([
  'token_expired',
  'token_not_yet_valid',
  'token_audience',
  'token_bound',
  'token_revoked',
]);

/** By the reasons of `SessionEvent`. */
const FAILED_LOGINS: Readonly<Record<string, string>> = {
  not_yours: 'not_valid',
  code_refused: 'not_valid',
  cancelled: 'cancelled',
  refused: 'not_valid',
  too_weak: 'not_valid',
  bad_address: 'not_valid',
  misconfigured: 'misconfigured',
  unavailable: 'keycloak_unavailable',
  store: 'store_unavailable',
};

/** Reports security events to observers that listen to them. */
export function openSecurityEvents<Incoming>(
  listeners: ReadonlySet<Observer>,
  host: SecurityEventsHost<Incoming>,
): SecurityEvents<Incoming> {
  const { toRequest } = host;
  const toSource = (request: Incoming): EventSource => {
    const { method, id } = host.toSessionRequest(request);
    const appRequest = host.toAppRequest?.(request) ?? request;
    return { request: appRequest, method, id, address: host.addressOf?.(request) };
  };
  const admitted = new WeakSet<Principal>();

  /** @param judged a token that came elsewhere than in the header `Authorization` */
  function emit(event: SecurityEvent, request: Incoming | null, judged?: string): void {
    const source = request === null ? null : toSource(request);
    const tenant = event.tenant ?? (request === null ? undefined : host.tenantOf?.(request, judged));
    const whole = tenant === undefined ? event : { ...event, tenant };
    for (const one of listeners) unfailing(() => one.event?.(whole, source));
  }

  /** Only of a token that Keycloak has signed. */
  function whoSent(request: Incoming, judged: string | undefined): Who {
    try {
      const read =
        judged ?? (readCredentials(toRequest(request), true) as string | { readonly token: string });
      const claims = readCompactJws(typeof read === 'string' ? read : read.token).payload();
      const { preferred_username: user, sub: subject, sid, session_state } = claims;
      return { user: toText(user), subject: toText(subject), sessionId: toText(sid ?? session_state) };
    } catch {
      return {};
    }
  }

  return {
    admitted(request, principal) {
      if (admitted.has(principal)) return;
      admitted.add(principal);
      emit({ event: 'access', outcome: 'ok', ...whoIs(principal) }, request);
    },
    /** Without requests that have no token, and without outages. */
    denied(request, { code, statusCode, seen: user }, principal, judged) {
      if (code === 'too_many_logins') {
        return emit({ event: 'login', outcome: 'rate_limited', by: 'password', user }, request);
      }
      if (code === 'missing_token' || !(statusCode < 500)) return;
      const who = principal !== null ? whoIs(principal) : SIGNED.has(code) ? whoSent(request, judged) : {};
      emit({ event: 'access', outcome: code, ...who }, request, judged);
    },
    message(request, { revocations, error, tenant }) {
      const of = { by: 'backchannel_logout', ...(tenant !== undefined && { tenant }) };
      if (error !== null) emit({ event: 'revocation', outcome: error.code, ...of }, request);
      for (const { type, issuer: _, ...what } of revocations) {
        const { sessionId, subject, ...times } = what as Who & Record<string, unknown>;
        const more = { what: type, ...times };
        emit({ event: 'revocation', outcome: 'ok', ...of, subject, sessionId, more }, request);
      }
    },
    session({ type, reason, username, subject, sessionId, tenant }, request) {
      const of = tenant === undefined ? {} : { tenant };
      const who: Who = { user: username, subject, sessionId, ...of };
      const by = 'browser';
      if (type === 'started') emit({ event: 'login', outcome: 'ok', by, ...who }, request);
      else if (type === 'login_failed') {
        emit({ event: 'login', outcome: FAILED_LOGINS[reason] ?? 'failed', by, ...of }, request);
      } else if (reason === 'logout') emit({ event: 'logout', outcome: 'ok', by, ...who }, request);
      else if (type === 'logout_refused') emit({ event: 'logout', outcome: reason, by, ...of }, request);
      else emit({ event: 'session_end', outcome: reason, ...who }, request);
    },
  };
}

function whoIs({ username: user, subject, sessionId, tenant, actor, kind, authorizedParty }: Principal): Who {
  const through = actor ? nameOf(actor) : kind === 'person' ? authorizedParty : null;
  return { user, subject, sessionId, ...(tenant && { tenant }), ...(through && { through }) };
}

/** The nearest first. */
function nameOf({ clientId, subject, actor }: Actor): string {
  const name = clientId ?? subject ?? 'unknown';
  return actor === null ? name : `${name}, ${nameOf(actor)}`;
}

const toText = (claim: unknown): string | null => (typeof claim === 'string' ? claim : null);
