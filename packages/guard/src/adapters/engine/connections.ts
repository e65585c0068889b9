import { AuthError, isAuthError, type Principal, type Requirements } from '../../core/index.ts';
import {
  actingFor,
  type Compiled,
  createGate,
  DpopCredentials,
  type Gate,
  type GateHost,
  isForSession,
  KEPT,
  makerOf,
  personOf,
  type RequestLike,
  readCredentials,
  type SessionAuthenticator,
  tenantsOf,
} from '../../core/internal.ts';
import { type Connection, toStream } from './connection.ts';
import type { Realms } from './realms.ts';
import { type Asking, type AskingHost, readRequirements } from './requirements.ts';

export type { Connection };

/** Opens connections that meet the same requirements. */
export interface ConnectionGuard<Incoming> {
  /** @throws {AuthError} rejects with the error that a guard would refuse the request with */
  open(request: Incoming): Promise<Connection>;
  /** With a token from another place than the `Authorization` header. */
  openWith(request: Incoming, token: unknown): Promise<Connection>;
}

/** What connections need of an adapter. */
export interface ConnectionsHost<Incoming> extends Pick<GateHost<Incoming, null>, 'resourceOf'> {
  /** As that of a gate. @param judged the token that was refused, if it is not the one of the request's headers */
  onDenied?(request: Incoming, error: AuthError, principal: Principal | null, judged?: string): void;
  /** How requirements of a connection read the request that it began with. */
  readonly asking: AskingHost<Incoming>;
  toRequest(request: Incoming): RequestLike;
  /** Reads the session, but does not prolong it: a page that only listens must not keep it alive. */
  sessionOf(request: Incoming): SessionAuthenticator<Incoming, null> | undefined;
}

/** All open connections of an adapter. */
export interface Connections<Incoming> {
  /**
   * @param asking how requirements read the request, if it was not routed
   * @throws {OptionsError} for a misspelt or empty requirement
   */
  guard(
    requirements: Asking<never, Requirements>,
    asking?: Partial<AskingHost<Incoming>>,
  ): ConnectionGuard<Incoming>;
  /** Watches a request that a gate without requirements has just admitted. */
  follow(request: Incoming, principal: Principal): Connection;
  /** How many are open. */
  readonly size: number;
  /** Ends the timer. */
  close(): void;
}

/** How often to compare the number of revocations. Unit: milliseconds. */
const LOOK_EVERY_MS = 250;
/** How often each connection is checked again if nothing was revoked. Unit: milliseconds. */
const ASK_EVERY_MS = 5_000;
/** The longest time that `setTimeout` takes. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

interface Held<Incoming> {
  readonly request: Incoming;
  /** What the request said when the connection began: a router may change it later. */
  readonly first: { compiled?: Compiled };
  readonly token?: string;
  /** The token of a handshake with a proof, which is valid only once (RFC 9449 §11.1). */
  readonly proved?: string;
}

export function createConnections<Incoming>(
  realms: Realms<Incoming>,
  host: ConnectionsHost<Incoming>,
): Connections<Incoming> {
  /** The check of each open connection. */
  const open = new Set<() => void>();
  const { clock, verifier } = realms;
  let timer: ReturnType<typeof setInterval> | undefined;
  let revocations = 0;
  let askedAt = 0;

  const countRevocations = () =>
    verifier.members.reduce((sum, member) => sum + (member.stats?.revocations ?? 0), 0);

  function look(): void {
    const now = performance.now();
    const count = countRevocations();
    if (count === revocations && now - askedAt < ASK_EVERY_MS) return;
    revocations = count;
    askedAt = now;
    for (const check of open) check();
  }

  const isOfSession = ({ request, token, proved }: Held<Incoming>): boolean =>
    (token ?? proved) === undefined &&
    host.sessionOf(request) !== undefined &&
    isForSession(host.toRequest(request));

  /** After the handshake, its proof cannot be checked again. */
  function withoutProof(first: Held<Incoming>): Held<Incoming> {
    const read = first.token === undefined && readCredentials(host.toRequest(first.request), true);
    return read instanceof DpopCredentials ? { ...first, proved: read.token } : first;
  }

  function add(check: () => void): void {
    open.add(check);
    if (timer !== undefined) return;
    revocations = countRevocations();
    askedAt = performance.now();
    timer = setInterval(look, LOOK_EVERY_MS);
    timer.unref?.();
  }

  function remove(check: () => void): void {
    open.delete(check);
    if (open.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  }

  async function begin(gate: Gate<Held<Incoming>, null>, first: Held<Incoming>): Promise<Connection> {
    return watch(gate, first, (await gate.decide(first, null)) as Principal);
  }

  function watch(gate: Gate<Held<Incoming>, null>, first: Held<Incoming>, found: Principal): Connection {
    const abort = new AbortController();
    let principal = found;
    let held = withoutProof(first);
    let expiry: ReturnType<typeof setTimeout> | undefined;

    function stop(reason: unknown): void {
      end();
      abort.abort(reason);
    }
    function end(): void {
      clearTimeout(expiry);
      remove(check);
    }
    /** The session renews its token itself. */
    function waitForExpiry(): void {
      clearTimeout(expiry);
      if (isOfSession(held)) return;
      const left = principal.expiresAt * 1000 - clock();
      if (left > LONGEST_TIMER_MS) return;
      const over = () => stop(new AuthError('token_expired', 'The access token of the connection expired'));
      expiry = setTimeout(over, Math.max(0, left));
      expiry.unref?.();
    }

    /** The application may have begun to send what concerns one tenant: the connection goes on for that one, or ends. */
    async function decideAgain(asked: Held<Incoming>): Promise<Principal> {
      const again = (await gate.decide(asked, null)) as Principal;
      const { tenant = '' } = principal;
      const isSame = realms.tenants?.isUnchanged(makerOf(principal), makerOf(again)) !== false;
      if (isSame && (tenant === '' || again.tenant === tenant)) return again;
      if (isSame && tenantsOf(again).includes(tenant)) return actingFor(again, tenant);
      const reason = isSame
        ? 'The caller does not act for this tenant any more'
        : 'The tenant has other settings';
      const seen = again.tenant ?? 'none';
      const refusal = new AuthError('tenant_refused', reason, { expected: `tenant ${tenant}`, seen });
      return gate.refuse(asked, refusal, again) as Principal;
    }

    const check = (): void => {
      const asked = held;
      const refuse = (error: unknown) => {
        // An outage is not the end of the session; and there may be a new token by now.
        const isOfAMoment = isAuthError(error) && error.statusCode === 503;
        if (open.has(check) && asked === held && !isOfAMoment) stop(error);
      };
      decideAgain(asked).catch(refuse);
    };
    add(check);
    waitForExpiry();
    return {
      get principal() {
        return principal;
      },
      signal: abort.signal,
      async renew(token) {
        const { request, first: begun } = held;
        const next: Held<Incoming> = { request, first: begun, token: toToken(token) };
        const renewed = await decideAgain(next);
        if (personOf(renewed) !== personOf(principal)) {
          throw new AuthError('token_claims', 'The new token of the connection belongs to another person');
        }
        if (!open.has(check)) throw new AuthError('token_expired', 'The connection has ended');
        held = next;
        principal = renewed;
        waitForExpiry();
        return renewed;
      },
      verify: () => decideAgain(held),
      stream: (source) => toStream(source, { signal: abort.signal, end }),
      end,
    };
  }

  const verifierOf = ({ request, token, proved }: Held<Incoming>) =>
    realms.verifierOf(request, token ?? proved);

  function gateOf(requirements: Asking<never, Requirements>, more: Partial<AskingHost<Incoming>> = {}) {
    const { options, compiledFor } = readRequirements(requirements, { ...host.asking, ...more });
    return createGate<Held<Incoming>, null>(realms.base, options, {
      ...(realms.tenants && { verifierOf }),
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
        if (proved !== undefined) return async (asked) => (await verifierOf(asked)).verify(proved, KEPT);
        const session = token === undefined ? host.sessionOf(request) : undefined;
        return session && ((asked) => session(asked.request, null));
      },
      resourceOf: ({ request }) => host.resourceOf?.(request),
      onDenied: ({ request, token, proved }, error, principal) =>
        host.onDenied?.(request, error, principal, token ?? proved),
    });
  }
  let plainGate: Gate<Held<Incoming>, null> | undefined;
  realms.tenants?.onChange(() => {
    for (const check of open) check();
  });

  return {
    follow(request, principal) {
      plainGate ??= gateOf({});
      return watch(plainGate, { request, first: {} }, principal);
    },
    guard(requirements, asking) {
      const gate = gateOf(requirements, asking);
      return {
        open: (request) => begin(gate, { request, first: {} }),
        openWith: async (request, token) => begin(gate, { request, first: {}, token: toToken(token) }),
      };
    },
    get size() {
      return open.size;
    },
    close() {
      clearInterval(timer);
      timer = undefined;
      open.clear();
    },
  };
}

/** A client can send anything as a token. */
export function toToken(token: unknown): string {
  if (typeof token === 'string' && token !== '') return token.replace(/^bearer +/i, '');
  throw new AuthError('missing_token', 'The message has no token');
}
