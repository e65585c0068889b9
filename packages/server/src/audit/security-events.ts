import type { FastifyRequest } from 'fastify';
import { AuthError } from 'keycloak-guard';
import type { Observer, SecurityEvent } from 'keycloak-guard/audit';
import { ClientError, type ClientErrorKind } from 'keycloak-guard/client';
import { addressOf } from 'keycloak-guard/limits';
import { claimsOf } from '../services/auth-service.ts';

/** Outcome of a login. A fixed list, because a metric has it as label. */
export const LOGIN_OUTCOMES = [
  'ok',
  'wrong_credentials',
  'account_disabled',
  'account_not_ready',
  'rate_limited',
  'queue_full',
  'cancelled',
  'not_valid',
  'keycloak_unavailable',
  'store_unavailable',
  'misconfigured',
  'failed',
] as const;
type LoginOutcome = (typeof LOGIN_OUTCOMES)[number];

/** Reports an event of a route of this service to the observers. The guards report the rest themselves. */
export type Report = (request: FastifyRequest, event: SecurityEvent) => void;

export function createReport(observers: readonly Observer[]): Report {
  return (request, event) => {
    const { method, ip, id } = request;
    for (const one of observers) one.event?.(event, { request, method, address: ip, id });
  };
}

/** For the audit log: the pattern of the route, and the address as Keycloak gets it. */
export function toAuditFields({ request }: { readonly request: unknown }): Record<string, unknown> {
  const { routeOptions, ip } = request as FastifyRequest;
  return { route: routeOptions.url, address: addressOf(ip) };
}

/** The user of a token. Only for one that Keycloak has signed. */
export function userOf(token: string): Pick<SecurityEvent, 'user' | 'subject' | 'sessionId'> {
  const { preferred_username: user, sub: subject, sid, session_state } = claimsOf(token);
  return { user: textOf(user), subject: textOf(subject), sessionId: textOf(sid ?? session_state) };
}

const textOf = (claim: unknown): string | null => (typeof claim === 'string' ? claim : null);

const BY_KIND: Readonly<Record<ClientErrorKind, LoginOutcome>> = {
  invalid_credentials: 'wrong_credentials',
  account_disabled: 'account_disabled',
  account_not_ready: 'account_not_ready',
  client_misconfigured: 'misconfigured',
  provider_unavailable: 'keycloak_unavailable',
};

/** For diagnoses that their kind does not describe. */
const BY_ID: Readonly<Record<string, LoginOutcome>> = {
  'too-many-logins': 'queue_full',
  'too-many-calls': 'queue_full',
  'caller-gone': 'cancelled',
};

export function toLoginOutcome(error: unknown): LoginOutcome {
  if (error instanceof ClientError) return BY_ID[error.diagnosis.id] ?? BY_KIND[error.kind];
  return error instanceof AuthError && error.statusCode === 503 ? 'keycloak_unavailable' : 'failed';
}

/** Of a refresh or a logout. */
export function toOutcome(error: unknown): string {
  return error instanceof AuthError ? error.code : toLoginOutcome(error);
}
