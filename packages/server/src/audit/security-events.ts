import type { FastifyRequest } from 'fastify';
import { AuthError } from 'keycloak-guard';
import { ClientError, type ClientErrorKind } from 'keycloak-guard/client';

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
export type LoginOutcome = (typeof LOGIN_OUTCOMES)[number];

/** A user got access, was refused, or lost access. Never holds a token, a password or a cookie. */
export interface SecurityEvent {
  readonly event: 'login' | 'refresh' | 'access' | 'logout' | 'revocation' | 'session_end';
  /** `ok`, or why not: a {@link LoginOutcome}, or the code of an `AuthError`. Of `session_end`: why it ended. */
  readonly outcome: string;
  /** The way it was done, for example `password` or `browser`. */
  readonly by?: string;
  /** As typed or as Keycloak names the user. */
  readonly user?: string | null | undefined;
  /** `sub` */
  readonly subject?: string | null | undefined;
  /** `sid` of Keycloak; not the cookie. */
  readonly sessionId?: string | null | undefined;
  /** More to be written to the audit log. */
  readonly more?: Readonly<Record<string, unknown>>;
}

/** @param request `null` where it happened in the background */
export type Report = (request: FastifyRequest | null, event: SecurityEvent) => void;

/** Passes events to all listeners. Listeners may be added until the app is built. */
export function createReport(): Report & { listeners: Report[] } {
  const listeners: Report[] = [];
  const report: Report = (request, event) => {
    for (const listener of listeners) listener(request, event);
  };
  return Object.assign(report, { listeners });
}

const BY_KIND: Readonly<Record<ClientErrorKind, LoginOutcome>> = {
  invalid_credentials: 'wrong_credentials',
  account_disabled: 'account_disabled',
  account_not_ready: 'account_not_ready',
  client_misconfigured: 'misconfigured',
  provider_unavailable: 'keycloak_unavailable',
};

/** Where the kind does not say it all. */
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
