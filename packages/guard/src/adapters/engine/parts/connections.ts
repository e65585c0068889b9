import { AuthError, isAuthError, type Principal } from '../../../core/index.ts';
import {
  actingFor,
  type Compiled,
  createRequestGuard,
  DpopCredentials,
  isForSession,
  KEPT,
  makerOf,
  once,
  personOf,
  type RequestGuard,
  type RequestGuardHost,
  type RequestLike,
  readCredentials,
  type SessionAuthenticator,
  tenantsOf,
} from '../../../core/internal.ts';
import { type Connection, type ConnectionGuard, toStream, toToken } from '../connection.ts';
import type { Realms } from '../realms.ts';
import type { ReadRequirements } from '../requirements.ts';

/** The members of an engine that connections need. */
export interface ConnectionsHost<Incoming> extends Pick<RequestGuardHost<Incoming, null>, 'resourceOf'> {
  /** As that of a guard. @param judged the token that was refused, if it is not the one of the request's headers */
  onDenied?(request: Incoming, error: AuthError, principal: Principal | null, judged?: string): void;
  toRequest(request: Incoming): RequestLike;
  /** Reads the session, but does not prolong it: a page that only listens must not keep it alive. */
  sessionOf(request: Incoming): SessionAuthenticator<Incoming, null> | undefined;
}

/** All open connections of an adapter. */
export type OpenConnections<Incoming> = ReturnType<typeof openConnections<Incoming>>;

/** How often the number of revocations is compared. Unit: milliseconds. */
const COMPARE_EVERY_MS = 250;
/** How often each connection is checked again if nothing was revoked. Unit: milliseconds. */
const CHECK_EVERY_MS = 5_000;
/** The longest time that `setTimeout` takes. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The handshake of a connection, with the token that it goes on with. */
interface Handshake<Incoming> {
  readonly request: Incoming;
  /** The requirements of the first check: a router may change the request later. */
  readonly first: { compiled?: Compiled };
  readonly token?: string;
  /** The token of a handshake with a proof, which is valid only once (RFC 9449 §11.1). */
  readonly proved?: string;
}

export function openConnections<Incoming>(realms: Realms<Incoming>, host: ConnectionsHost<Incoming>) {
  const { verifier, tenants } = realms;
  const checks = createChecks(() =>
    verifier.members.reduce((sum, member) => sum + (member.stats?.revocations ?? 0), 0),
  );
  const verifierOf = ({ request, token, proved }: Handshake<Incoming>) =>
    realms.verifierOf(request, token ?? proved);

  function guardOf({ options, compiledFor }: ReadRequirements<Incoming>) {
    return createRequestGuard<Handshake<Incoming>, null>(realms.base, options, {
      ...(tenants && { verifierOf }),
      ...(compiledFor && {
        compiledFor({ request, first }, realm) {
          first.compiled ??= compiledFor(request, realm);
          return first.compiled;
        },
      }),
      toRequest({ request, token, proved }) {
        if (proved !== undefined) return { headers: {} };
        return token === undefined
          ? host.toRequest(request)
          : { headers: { authorization: `Bearer ${token}` } };
      },
      sessionOf({ request, token, proved }) {
        if (proved !== undefined) return async (one) => (await verifierOf(one)).verify(proved, KEPT);
        const session = token === undefined ? host.sessionOf(request) : undefined;
        return session && ((one) => session(one.request, null));
      },
      resourceOf: ({ request }) => host.resourceOf?.(request),
      onDenied: ({ request, token, proved }, error, principal) =>
        host.onDenied?.(request, error, principal, token ?? proved),
    });
  }

  async function begin(
    guard: RequestGuard<Handshake<Incoming>, null>,
    handshake: Handshake<Incoming>,
  ): Promise<Connection> {
    const principal = (await guard.decide(handshake, null)) as Principal;
    return watch({ realms, host, checks, guard }, handshake, principal);
  }

  const plainGuard = once(() => guardOf({ options: {} }));
  tenants?.onChange(checks.runAll);

  return {
    /** Watches a request that a guard without requirements has just admitted. */
    follow(request: Incoming, principal: Principal): Connection {
      return watch({ realms, host, checks, guard: plainGuard() }, { request, first: {} }, principal);
    },
    guard(requirements: ReadRequirements<Incoming>): ConnectionGuard<Incoming> {
      const guard = guardOf(requirements);
      return {
        open: (request) => begin(guard, { request, first: {} }),
        openWith: async (request, token) => begin(guard, { request, first: {}, token: toToken(token) }),
      };
    },
    /** The number of those that are open. */
    get size() {
      return checks.size;
    },
    /** Ends the timer. */
    close: checks.close,
  };
}

/** The check of each open connection. All run when something was revoked, and every few seconds. */
function createChecks(countRevocations: () => number) {
  const open = new Set<() => void>();
  let timer: ReturnType<typeof setInterval> | undefined;
  let revocations = 0;
  let checkedAt = 0;

  function runAll(): void {
    for (const check of open) check();
  }

  function compare(): void {
    const now = performance.now();
    const count = countRevocations();
    if (count === revocations && now - checkedAt < CHECK_EVERY_MS) return;
    revocations = count;
    checkedAt = now;
    runAll();
  }

  function stop(): void {
    clearInterval(timer);
    timer = undefined;
  }

  return {
    runAll,
    has: (check: () => void): boolean => open.has(check),
    add(check: () => void): void {
      open.add(check);
      if (timer !== undefined) return;
      revocations = countRevocations();
      checkedAt = performance.now();
      timer = setInterval(compare, COMPARE_EVERY_MS);
      timer.unref?.();
    },
    remove(check: () => void): void {
      open.delete(check);
      if (open.size === 0) stop();
    },
    get size(): number {
      return open.size;
    },
    close(): void {
      stop();
      open.clear();
    },
  };
}

interface Watch<Incoming> {
  readonly realms: Realms<Incoming>;
  readonly host: ConnectionsHost<Incoming>;
  readonly checks: ReturnType<typeof createChecks>;
  readonly guard: RequestGuard<Handshake<Incoming>, null>;
}

/** Ends a connection when its caller's token or session ends. */
function watch<Incoming>(
  { realms, host, checks, guard }: Watch<Incoming>,
  begun: Handshake<Incoming>,
  admitted: Principal,
): Connection {
  const abort = new AbortController();
  let principal = admitted;
  let handshake = withoutProof(host, begun);
  let expiry: ReturnType<typeof setTimeout> | undefined;

  function stop(reason: unknown): void {
    end();
    abort.abort(reason);
  }
  function end(): void {
    clearTimeout(expiry);
    checks.remove(check);
  }
  function waitForExpiry(): void {
    clearTimeout(expiry);
    if (isOfSession(host, handshake)) return;
    const left = principal.expiresAt * 1000 - realms.clock();
    if (left > LONGEST_TIMER_MS) return;
    const over = () => stop(new AuthError('token_expired', 'The access token of the connection expired'));
    expiry = setTimeout(over, Math.max(0, left));
    expiry.unref?.();
  }
  const decide = (next: Handshake<Incoming>) => decideAgain(realms, guard, next, principal);
  const check = (): void => {
    const checked = handshake;
    const refuse = (error: unknown) => {
      // An outage is not the end of the session; and there may be a new token by now.
      const isTemporary = isAuthError(error) && error.statusCode === 503;
      if (checks.has(check) && checked === handshake && !isTemporary) stop(error);
    };
    decide(checked).catch(refuse);
  };
  checks.add(check);
  waitForExpiry();
  return {
    get principal() {
      return principal;
    },
    signal: abort.signal,
    async renew(token) {
      const { request, first } = handshake;
      const next: Handshake<Incoming> = { request, first, token: toToken(token) };
      const renewed = await decide(next);
      if (personOf(renewed) !== personOf(principal)) {
        throw new AuthError('token_claims', 'The new token of the connection belongs to another person');
      }
      if (!checks.has(check)) throw new AuthError('token_expired', 'The connection has ended');
      handshake = next;
      principal = renewed;
      waitForExpiry();
      return renewed;
    },
    verify: () => decide(handshake),
    stream: (source) => toStream(source, { signal: abort.signal, end }),
    end,
  };
}

/** After the handshake, its proof cannot be checked again. */
function withoutProof<Incoming>(
  { toRequest }: ConnectionsHost<Incoming>,
  begun: Handshake<Incoming>,
): Handshake<Incoming> {
  const read = begun.token === undefined && readCredentials(toRequest(begun.request), true);
  return read instanceof DpopCredentials ? { ...begun, proved: read.token } : begun;
}

/** A session renews its token itself. */
function isOfSession<Incoming>(
  { sessionOf, toRequest }: ConnectionsHost<Incoming>,
  { request, token, proved }: Handshake<Incoming>,
): boolean {
  return (
    (token ?? proved) === undefined && sessionOf(request) !== undefined && isForSession(toRequest(request))
  );
}

/** The application may have begun to send what concerns one tenant: the connection goes on for that one, or ends. */
async function decideAgain<Incoming>(
  { tenants }: Realms<Incoming>,
  guard: RequestGuard<Handshake<Incoming>, null>,
  handshake: Handshake<Incoming>,
  principal: Principal,
): Promise<Principal> {
  const again = (await guard.decide(handshake, null)) as Principal;
  const { tenant = '' } = principal;
  const isSame = tenants?.isUnchanged(makerOf(principal), makerOf(again)) !== false;
  if (isSame && (tenant === '' || again.tenant === tenant)) return again;
  if (isSame && tenantsOf(again).includes(tenant)) return actingFor(again, tenant);
  const reason = isSame
    ? 'The caller does not act for this tenant any more'
    : 'The tenant has other settings';
  const seen = again.tenant ?? 'none';
  const refusal = new AuthError('tenant_refused', reason, { expected: `tenant ${tenant}`, seen });
  return guard.refuse(handshake, refusal, again) as Principal;
}
