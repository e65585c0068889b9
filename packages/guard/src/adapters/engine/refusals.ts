import {
  type AuthError,
  type AuthErrorCode,
  isAuthError,
  type Log,
  type Principal,
} from '../../core/index.ts';
import { type Answer, toOneLine, toRefusalAnswer, toSafeText } from '../../core/internal.ts';
import { callListener } from './messages.ts';
import type { ResolvedAdapter } from './options.ts';
import { pathOf } from './routes.ts';
import { createSecurityEvents } from './security-events.ts';
import type { OpenSessions } from './sessions.ts';

/** The members of an engine's host that refusals need. */
type RefusalHost<Incoming> = Parameters<typeof createSecurityEvents<Incoming>>[1] & {
  readonly debugsRefusals?: boolean;
  logOf?(request: Incoming): Log | undefined;
  toSessionRequest(request: Incoming): { readonly method?: string | undefined; readonly url: string };
};

/**
 * The answers to refused requests, and the logs and listeners that get each refusal.
 *
 * @param members verifiers, whose observers listen
 */
export function createRefusals<Incoming>(
  { onDenied, explain, logRefusals, client, log }: Omit<ResolvedAdapter<Incoming, never>, 'verifier'>,
  host: RefusalHost<Incoming>,
  members: readonly object[],
  {
    logOf,
    sessionsOf,
  }: {
    logOf(request: Incoming): Log;
    sessionsOf(
      request: Incoming,
    ): Pick<OpenSessions<Incoming, never>, 'inviteToLogin' | 'refusalPage'> | undefined;
  },
) {
  const logRefusal = createRefusalLog<Incoming>({
    ...{ logRefusals, explain, hasListener: onDenied !== undefined },
    debugByDefault: host.debugsRefusals === true,
    loggerOf: (request) => host.logOf?.(request) ?? log,
    toSessionRequest: host.toSessionRequest,
  });
  const securityEvents = createSecurityEvents<Incoming>([...members, ...(client.observers ?? [])], host);
  const call = (request: Incoming, name: string, listener: () => unknown) =>
    callListener(logOf(request), name, listener);
  /** The callers of requests that were refused. */
  const refused = new WeakMap<object, Principal>();

  function inviteToLogin(error: unknown, request: Incoming): Answer | undefined {
    if (!isAuthError(error)) return undefined;
    if (error.code === 'step_up_redirect') return toRefusalAnswer(error);
    return error.code === 'missing_token' ? sessionsOf(request)?.inviteToLogin(request) : undefined;
  }

  /** A person who is signed in and may not see a page sees why, and a way out. */
  function refusalPage(error: AuthError, request: Incoming, answer: Answer): Answer | undefined {
    const principal = error.statusCode === 403 ? refused.get(request as object) : undefined;
    return (
      principal && sessionsOf(request)?.refusalPage(request, { answer, detail: error.detail, principal })
    );
  }

  return {
    ...{ securityEvents, inviteToLogin, callListener: call },
    refusalOf(error: unknown, request: Incoming): Answer | undefined {
      if (!isAuthError(error)) return undefined;
      const invitation = inviteToLogin(error, request);
      if (invitation !== undefined) return invitation;
      const answer = toRefusalAnswer(error, explain);
      return refusalPage(error, request, answer) ?? answer;
    },
    /** @param judged the token that was refused, if it is not the one of the request's headers */
    onDenied(request: Incoming, error: AuthError, principal: Principal | null, judged?: string): void {
      securityEvents?.denied(request, error, principal, judged);
      if (principal !== null && sessionsOf(request) !== undefined) refused.set(request as object, principal);
      // A redirect to the login is no refusal.
      if (logRefusal !== undefined && inviteToLogin(error, request) === undefined)
        call(request, 'logRefusals', () => logRefusal(request, error));
      if (onDenied !== undefined) call(request, 'onDenied', () => onDenied(request, error, principal));
    },
  };
}

/** A logger of the application's. `debug` is used where it exists. */
export type RefusalLogger = Pick<Log, 'info'> & { debug?(fields: object, message: string): void };

/** Logs one refusal. */
export type LogRefusal<Incoming> = (request: Incoming, error: AuthError) => void;

/** Decides whether refusals are logged, and where. */
export interface RefusalLogOptions<Incoming> {
  /** The application's option. */
  readonly logRefusals: boolean | undefined;
  /** Whether the application hears of refusals by `onDenied`. */
  readonly hasListener: boolean;
  /** Whether answers say why they refuse. */
  readonly explain: boolean | undefined;
  /** Whether refusals are logged at level `debug` by default. */
  readonly debugByDefault: boolean;
  /** The application's logger, if it has one. Without one, lines go to the standard error output. */
  loggerOf(request: Incoming): RefusalLogger | undefined;
  toSessionRequest(request: Incoming): { readonly method?: string | undefined; readonly url: string };
}

/**
 * Logs refusals, so that a developer sees why a request failed: in development at level `info` with what to do, otherwise
 * only if the application wants it.
 *
 * @param isDevelopment Default: `NODE_ENV` is not `production`
 * @returns `undefined` if nothing is logged
 */
export function createRefusalLog<Incoming>(
  {
    logRefusals,
    hasListener,
    explain,
    debugByDefault,
    loggerOf,
    toSessionRequest,
  }: RefusalLogOptions<Incoming>,
  isDevelopment = globalThis.process?.env?.NODE_ENV !== 'production',
): LogRefusal<Incoming> | undefined {
  const isLoud = isDevelopment && (logRefusals === true || !hasListener);
  if (logRefusals === false || !(isLoud || logRefusals === true || debugByDefault)) return undefined;
  const writeLine = createLines();
  return (request, error) => {
    const { code, reason, expected, seen } = error;
    const logger = loggerOf(request);
    if (!isLoud && logger?.debug !== undefined) {
      logger.debug({ code, reason, expected, seen }, 'access refused');
      return;
    }
    const line = toLine(error, toSessionRequest(request), explain === true);
    if (logger === undefined) writeLine(line);
    else logger.info({ code, reason, expected, seen }, line);
  };
}

/** Whether it is a page for a person. */
export const isHtml = ({ headers }: Answer): boolean =>
  headers['content-type']?.startsWith('text/html') === true;

/** Writes lines to the standard error output, a few at a time: senders of bad tokens must not fill a disk. */
function createLines(): (line: string) => void {
  let begun = Number.NEGATIVE_INFINITY;
  let count = 0;
  return (line) => {
    const now = performance.now();
    if (now - begun > PERIOD_MS) {
      begun = now;
      count = 0;
    }
    count++;
    if (count > MOST_LINES) return;
    const more =
      count === MOST_LINES ? `. More refusals follow; they are not shown for ${PERIOD_MS / 1000} s` : '';
    const text = `keycloak-guard: ${toOneLine(line)}${more}`;
    // Not every runtime has the first.
    if (globalThis.process?.stderr === undefined) console.error(text);
    else process.stderr.write(`${text}\n`);
  };
}

const MOST_LINES = 20;
const PERIOD_MS = 10_000;

function toLine(
  { statusCode, code, reason, expected, seen }: AuthError,
  { method = 'request', url }: ReturnType<RefusalLogOptions<never>['toSessionRequest']>,
  isExplained: boolean,
): string {
  const details = [expected && `expected ${expected}`, seen && `seen ${seen}`].filter(Boolean).join(', ');
  // No query: it may hold a code or a token.
  const route = toSafeText(`${method} ${pathOf(url)}`).trim();
  const what = `${route} was refused: ${statusCode} ${code}, ${reason}${details && ` (${details})`}`;
  const hint = HINTS[code] ?? `The documentation explains it: errors/${code}`;
  return `${what}. ${hint}${isExplained ? '' : '. explain: true puts the reason into the answer'}`;
}

/** Advice about the refusals that developers see first. */
const HINTS: Partial<Record<AuthErrorCode, string>> = {
  missing_token: 'Send the header Authorization: Bearer <access token>',
  unsupported_scheme: 'Send the access token with the scheme Bearer',
  token_malformed: 'Send the access_token of the token response, whole',
  token_algorithm: 'Send the access token, not the refresh token; or look at the option algorithms',
  token_signature: 'Get a new token: this one was changed on the way, or another Keycloak issued it',
  token_key_unknown: 'Log in again; check that serverUrl and realm are those that issued the token',
  token_issuer: 'Set serverUrl, or issuer, to the URL in the iss of the token',
  token_type: 'Send the access token, not the ID or refresh token',
  token_audience:
    'Add an audience mapper for this client in Keycloak: npx keycloak-guard setup audience <azp>',
  token_expired: 'Refresh the token, or log in again; right after a login, compare the clocks',
  token_revoked: 'Log in again',
  role_missing: 'Assign the role to the user in Keycloak, then get a new token',
  scope_missing: 'Ask for the scope when the token is requested',
  group_missing: 'Add the user to the group, and a group mapper to the client, then get a new token',
  organization_missing:
    'Ask for the scope organization:<alias>, or organization:*, when the token is requested',
  tenant_unknown:
    'Look at the name that tenants.of gives for this request, and at what tenants.get says about it',
  tenant_refused:
    'Use a token, or switch the session, for that tenant; for an organization, ask for its scope organization:<alias>',
  requirement_unclear: 'Look at the function of the guard, or at the route parameter that it names',
  audience_missing: 'Add an audience mapper for that audience in Keycloak',
  permission_denied:
    'Grant the permission in Keycloak: Clients, Authorization; or look at the check of the guard: only exactly true lets in',
  provider_unavailable: 'npx keycloak-guard doctor finds out what is wrong',
  provider_misconfigured: 'npx keycloak-guard doctor finds out what is wrong',
  cross_origin_request:
    'Call from a page of this origin, or send an access token instead of the session cookie',
};
