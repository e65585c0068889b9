import { type AuthError, isAuthError, type Log, type Principal } from '../../core/index.ts';
import { type Answer, loadPart, partOf, partsOf, then, toRefusalAnswer } from '../../core/internal.ts';
import type { ResolvedAdapter } from './options.ts';
import type { RefusalLogOptions } from './parts/refusal-log.ts';
import type { SecurityEvents, SecurityEventsHost } from './parts/security-events.ts';
import type { OpenSessions } from './sessions.ts';

/** Calls a listener of the application. If it throws or rejects, the error is only logged. */
function callListener(log: Pick<Log, 'error'>, name: string, listener: () => unknown): void {
  // Any thenable, and a log that throws: an unhandled rejection would end the process.
  new Promise((resolve) => resolve(listener()))
    .catch((err: unknown) => log.error({ err }, `${name} failed`))
    .catch(() => {});
}

/**
 * The code that reports is loaded now, if an observer listens to events.
 *
 * @param of verifiers
 * @returns `undefined` if no observer listens to events
 */
function createSecurityEvents<Incoming>(
  of: readonly object[],
  host: SecurityEventsHost<Incoming>,
  log: Pick<Log, 'error'>,
): SecurityEvents<Incoming> | undefined {
  // Several realms of one API may have the same observers.
  const listeners = new Set(of.flatMap((one) => partsOf(one)?.eventListeners ?? []));
  if (listeners.size === 0) return undefined;
  /** Of senders whose connection may have ended when the code is there. */
  const early = new WeakMap<object, string | undefined>();
  const addressOf = (request: Incoming) => early.get(request as object) ?? host.addressOf?.(request);
  const part = loadPart(async () =>
    (await import('./parts/security-events.ts')).openSecurityEvents(listeners, { ...host, addressOf }),
  );
  part.loading.catch((err: unknown) =>
    log.error({ err }, 'Security events are not reported, for their code could not be loaded'),
  );
  const report = (request: Incoming | null, act: (events: SecurityEvents<Incoming>) => void) => {
    if (part.loaded !== undefined) return act(part.loaded);
    if (request !== null) early.set(request as object, host.addressOf?.(request));
    part.loading.then(act).catch(() => {});
  };
  return {
    admitted: (...event) => report(event[0], ({ admitted }) => admitted(...event)),
    denied: (...event) => report(event[0], ({ denied }) => denied(...event)),
    message: (...event) => report(event[0], ({ message }) => message(...event)),
    session: (...event) => report(event[1], ({ session }) => session(...event)),
  };
}

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
  { onDenied, explain, logRefusals, log }: Omit<ResolvedAdapter<Incoming, never>, 'verifier'>,
  host: RefusalHost<Incoming>,
  members: readonly object[],
  {
    fallback,
    logOf,
    sessionsOf,
  }: {
    /** Where no request is at hand. */
    readonly fallback: Log;
    logOf(request: Incoming): Log;
    sessionsOf(
      request: Incoming,
    ): Pick<OpenSessions<Incoming, never>, 'inviteToLogin' | 'refusalPage'> | undefined;
  },
) {
  const logRefusal = openRefusalLog<Incoming>(
    refusalLevel(logRefusals, onDenied !== undefined, host.debugsRefusals),
    {
      explain,
      loggerOf: (request) => host.logOf?.(request) ?? log,
      toSessionRequest: host.toSessionRequest,
    },
  );
  const securityEvents = createSecurityEvents<Incoming>(members, host, fallback);
  const call = (request: Incoming, name: string, listener: () => unknown) =>
    callListener(logOf(request), name, listener);
  /** The callers of requests that were refused. */
  const refused = new WeakMap<object, Principal>();

  function inviteToLogin(error: unknown, request: Incoming): Answer | undefined {
    if (!isAuthError(error)) return undefined;
    if (error.code === 'step_up_redirect') return toRefusalAnswer(error);
    // A header for a proxy in front is no token.
    const isNobody = error.code === 'missing_token' || error.code === 'unsupported_scheme';
    return isNobody ? sessionsOf(request)?.inviteToLogin(request) : undefined;
  }

  /** A person who is signed in and may not see a page sees why, and a way out. At the address of no tenant, nobody is. */
  function refusalPage(error: AuthError, request: Incoming, answer: Answer): Answer | undefined {
    const principal = error.code === 'tenant_unknown' ? null : refused.get(request as object);
    if (principal === undefined || (principal !== null && error.statusCode !== 403)) return undefined;
    return sessionsOf(request)?.refusalPage(request, { answer, detail: error.detail, principal });
  }

  return {
    ...{ securityEvents, inviteToLogin },
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
        call(request, 'logRefusals', () => logRefusal(request, error, principal));
      if (onDenied !== undefined) call(request, 'onDenied', () => onDenied(request, error, principal));
    },
  };
}

/** Whether it is a page for a person. */
export const isHtml = ({ headers }: Answer): boolean =>
  headers['content-type']?.startsWith('text/html') === true;

/**
 * In development refusals are logged at level `info` with what to do, otherwise only if the application wants it.
 *
 * @param logRefusals the application's option
 * @param hasListener whether the application hears of refusals by `onDenied`
 * @param isDevelopment Default: `NODE_ENV` is not `production`
 * @returns `undefined` if nothing is logged
 */
export function refusalLevel(
  logRefusals: boolean | undefined,
  hasListener: boolean,
  debugByDefault = false,
  isDevelopment = globalThis.process?.env?.NODE_ENV !== 'production',
): 'loud' | 'quiet' | undefined {
  if (logRefusals === false) return undefined;
  if (isDevelopment && (logRefusals === true || !hasListener)) return 'loud';
  return logRefusals === true || debugByDefault ? 'quiet' : undefined;
}

/** The code that writes lines is loaded now, if any are written. */
function openRefusalLog<Incoming>(
  level: ReturnType<typeof refusalLevel>,
  options: Omit<RefusalLogOptions<Incoming>, 'isLoud'>,
): ((request: Incoming, error: AuthError, caller: Principal | null) => void | Promise<void>) | undefined {
  if (level === undefined) return undefined;
  const part = loadPart(async () =>
    (await import('./parts/refusal-log.ts')).createRefusalLog({ ...options, isLoud: level === 'loud' }),
  );
  return (request, error, caller) => then(partOf(part), (logRefusal) => logRefusal(request, error, caller));
}
