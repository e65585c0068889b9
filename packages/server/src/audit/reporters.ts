import type { FastifyRequest } from 'fastify';
import { type AuthErrorCode, readBearerToken } from 'keycloak-guard';
import type { BackchannelLogoutOptions, KeycloakSessionOptions, OnDenied } from 'keycloak-guard/fastify';
import type { SessionEvent } from 'keycloak-guard/session';
import { claimsOf } from '../services/token-claims.ts';
import type { LoginOutcome, Report, SecurityEvent } from './security-events.ts';

// What the plugins tell, as security events.

type Who = Pick<SecurityEvent, 'user' | 'subject' | 'sessionId'>;

/** Refused after the signature check: the claims are true, although the token is not valid any more. */
const SIGNED: ReadonlySet<AuthErrorCode> = new Set([
  'token_expired',
  'token_not_yet_valid',
  'token_audience',
  'token_bound',
  'token_revoked',
]);

/** Refusals of guards, without requests that have no token, and without outages. */
export function reportDenied(report: Report): OnDenied {
  return (request, { code, statusCode }, principal) => {
    if (code === 'missing_token' || !(statusCode < 500)) return;
    const who: Who =
      principal === null
        ? SIGNED.has(code)
          ? whoOfRequest(request)
          : {}
        : { user: principal.username, subject: principal.subject, sessionId: principal.sessionId };
    report(request, { event: 'access', outcome: code, ...who });
  };
}

/** Logouts and pushes from Keycloak. */
export function reportMessages(report: Report): NonNullable<BackchannelLogoutOptions['onMessage']> {
  return (request, { by, revocations, error }) => {
    if (error !== null) report(request, { event: 'revocation', outcome: error.code, by });
    for (const { type, issuer: _, ...what } of revocations) {
      const { sessionId, subject, ...times } = what as Who & Record<string, unknown>;
      const more = { what: type, ...times };
      report(request, { event: 'revocation', outcome: 'ok', by, subject, sessionId, more });
    }
  };
}

const FAILED_LOGINS: Readonly<Record<string, LoginOutcome>> = {
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

/** Sign-in and sign-out with the browser. */
export function reportSessions(report: Report): NonNullable<KeycloakSessionOptions['onEvent']> {
  return ({ type, reason, username, subject, sessionId }: SessionEvent, request) => {
    const who: Who = { user: username, subject, sessionId };
    const by = 'browser';
    if (type === 'started') report(request, { event: 'login', outcome: 'ok', by, ...who });
    else if (type === 'login_failed') {
      report(request, { event: 'login', outcome: FAILED_LOGINS[reason] ?? 'failed', by });
    } else if (reason === 'logout') report(request, { event: 'logout', outcome: 'ok', by, ...who });
    else if (type === 'logout_refused') report(request, { event: 'logout', outcome: reason, by });
    else report(request, { event: 'session_end', outcome: reason, ...who });
  };
}

/** What a token says of its user. Only for one that Keycloak has signed. */
export function whoOf(token: string): Who {
  const { preferred_username: user, sub: subject, sid, session_state } = claimsOf(token);
  return { user: textOf(user), subject: textOf(subject), sessionId: textOf(sid ?? session_state) };
}

const textOf = (claim: unknown): string | null => (typeof claim === 'string' ? claim : null);

function whoOfRequest(request: FastifyRequest): Who {
  try {
    return whoOf(readBearerToken(request.raw));
  } catch {
    return {};
  }
}
