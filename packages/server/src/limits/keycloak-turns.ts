import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { SecurityEvent } from 'keycloak-guard/audit';
import { ClientError } from 'keycloak-guard/client';
import {
  addressOf,
  createLoginLimits,
  type LoginLimitOptions,
  type RateLimit,
  type RateLimitState,
} from 'keycloak-guard/limits';
import { type Report, toOutcome } from '../audit/security-events.ts';
import type { Config } from '../config/config.ts';
import type { TokenRequest } from '../models.ts';
import { createTurns, type Turns, toNoTurn } from '../services/turns.ts';

type LimitHook = (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply | undefined>;

/** A limit on requests, and the answer to those beyond it. */
interface Limited {
  /** Counts one more. */
  readonly take: (request: FastifyRequest) => Promise<RateLimitState | undefined>;
  readonly detail: string;
  readonly onRefused: (request: FastifyRequest) => void;
}

/** With Redis all replicas count together; while it is away each counts for itself. */
function toLimitHook({ take, detail, onRefused }: Limited): LimitHook {
  return async (request, reply) => {
    const state = await take(request);
    if (state === undefined) return undefined;
    reply.headers(state.headers);
    if (!state.isExceeded) return undefined;
    onRefused(request);
    return reply.code(429).send({ detail });
  };
}

/** Hooks of `POST /login`. */
export type LoginHooks = ReturnType<typeof limitLogins>;

/** Limits on logins in a minute. The bound on password checks in flight protects Keycloak as well. */
export function limitLogins(
  { loginsPerAddress, loginsPerUser, store }: LoginLimitOptions,
  secret: string,
  report: Report,
) {
  const limits = createLoginLimits({ loginsPerAddress, loginsPerUser, store }, secret);
  const usernameOf = ({ body }: FastifyRequest) => (body as TokenRequest | undefined)?.username;
  const refusal = {
    detail: 'Too many login attempts',
    onRefused: (request: FastifyRequest) =>
      report(request, { event: 'login', outcome: 'rate_limited', by: 'password', user: usernameOf(request) }),
  };
  return {
    /** Before the body is read. */
    byAddress: toLimitHook({ take: ({ ip }) => limits.byAddress(ip), ...refusal }),
    byUser: toLimitHook({ take: (request) => limits.byUser(request.ip, usernameOf(request)), ...refusal }),
  };
}

/**
 * Routes that call Keycloak for anybody, and how the audit log names them. `POST /login` has bounds of its own: a password
 * check costs more than all of these.
 */
const ROUTES: Readonly<Record<string, Pick<SecurityEvent, 'event' | 'by'>>> = {
  'POST /refresh': { event: 'refresh' },
  'POST /logout': { event: 'logout' },
  'POST /docs/oauth2/token': { event: 'login', by: 'docs' },
  'GET /auth/callback': { event: 'login', by: 'browser' },
};

type Bounds = Pick<Config, 'callsMaxInFlight' | 'loginMaxWaiting' | 'loginWaitMs'>;

/** They wait as logins do. */
export function createCallTurns({ callsMaxInFlight, loginMaxWaiting, loginWaitMs }: Bounds): Turns {
  return createTurns({
    maxInFlight: callsMaxInFlight,
    maxWaiting: loginMaxWaiting,
    maxWaitMs: loginWaitMs,
    isFailure,
    tooMany: TOO_MANY,
    gone: GONE,
  });
}

/**
 * Bounds what these routes may ask of Keycloak: by address, and by so many at a time. Call it before they
 * are registered.
 */
export function boundCalls(app: FastifyInstance, turns: Turns, limit: RateLimit, report: Report): void {
  const eventOf = ({ method, routeOptions }: FastifyRequest) => ROUTES[`${method} ${routeOptions.url}`];
  const byAddress = toLimitHook({
    take: ({ ip }) => limit(ip),
    detail: 'Too Many Requests',
    onRefused: (request) => report(request, { event: 'login', ...eventOf(request), outcome: 'rate_limited' }),
  });

  app.addHook('onRoute', (route) => {
    const event = ROUTES[`${route.method} ${route.url}`];
    if (event === undefined) return;
    const { handler } = route;
    route.onRequest = [byAddress, ...[route.onRequest ?? []].flat()];
    // Not a hook: a caller who hangs up while Keycloak is asked would free a turn that is still taken.
    route.handler = async function (request, reply) {
      let hasBegun = false;
      const call = async () => {
        hasBegun = true;
        const answer = await handler.call(this, request, reply);
        return { answer, statusCode: reply.statusCode };
      };
      try {
        const { answer } = await turns.run(call, addressOf(request.ip), request.raw.socket);
        return answer;
      } catch (error) {
        // The route itself has reported what went wrong later.
        if (!hasBegun) report(request, { ...event, outcome: toOutcome(error) });
        throw error;
      }
    };
  });
}

/** The sent token or code was invalid, by an error or an answer. */
function isFailure(outcome: unknown): boolean {
  if (outcome instanceof ClientError) return outcome.kind === 'invalid_credentials';
  const { statusCode } = outcome as { statusCode: number };
  return statusCode >= 400 && statusCode < 500;
}

const TOO_MANY = toNoTurn(
  'too-many-calls',
  'more refreshes, logouts and sign-ins come than may run at Keycloak at a time',
  'A client may be trying tokens. Otherwise check how fast Keycloak answers, then raise CALLS_MAX_IN_FLIGHT.',
);
const GONE = toNoTurn(
  'caller-gone',
  'the caller hung up before it was their turn',
  'Calls to Keycloak wait for their turn: look how fast it answers, and how long callers wait.',
);
