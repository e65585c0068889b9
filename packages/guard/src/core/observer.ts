import type { CallObserver } from './realm/observed-call.ts';
import type { RevocationStore } from './revocation/revocation-store.ts';
import type { VerifierStats, VerifierStatus } from './token/stats.ts';

/** A user got access, was refused, or lost access. Never holds a token, a password or a cookie. */
export interface SecurityEvent {
  /** `access`: a token is let in for the first time in this process, or a guard refused. `session_end`: ended elsewhere. */
  readonly event: 'login' | 'refresh' | 'access' | 'logout' | 'revocation' | 'session_end';
  /** `ok`, or why not: the code of an `AuthError`, or a word such as `wrong_credentials`. Of `session_end`: why it ended. */
  readonly outcome: string;
  /** The way it was done, for example `password`, `browser` or `backchannel_logout`. */
  readonly by?: string;
  /** As typed, or as Keycloak names the user. */
  readonly user?: string | null | undefined;
  /**
   * The client that acts in the name of the user: of `Principal.actor`, with those before it in a chain of calls, or else of
   * `Principal.authorizedParty`. A service in its own name has none.
   */
  readonly through?: string | undefined;
  /** `Principal.tenant`, where the application has tenants. */
  readonly tenant?: string | undefined;
  /** `sub` */
  readonly subject?: string | null | undefined;
  /** `sid` of Keycloak; not the cookie. */
  readonly sessionId?: string | null | undefined;
  /** More to be written to an audit log. */
  readonly more?: Readonly<Record<string, unknown>>;
}

/** The request that an event belongs to. */
export interface EventSource {
  /** As the application's handlers know it: a request, or a context. */
  readonly request: unknown;
  readonly method?: string | undefined;
  /** Of the client, as far as the framework trusts a proxy; `undefined` where the framework does not know it. */
  readonly address?: string | undefined;
  /** The framework's id of the request. */
  readonly id?: unknown;
}

/** A verifier whose numbers can be read at any time. */
export interface ObservedVerifier {
  readonly stats: Readonly<VerifierStats>;
  status(): VerifierStatus;
  readonly store: RevocationStore;
  readonly events: { readonly status?: () => EventsHealth };
}

/** How it stands with Keycloak's events. */
export interface EventsHealth {
  readonly isHealthy: boolean;
  /** Since they were read. */
  readonly lagSeconds: number;
  /** How many were read. */
  readonly events: number;
}

/** Hears what a verifier and everything on it does. Each member may be left out; none may throw. */
export interface Observer extends CallObserver {
  /** Called once for each verifier. The returned function is called when it is closed. */
  watch?(verifier: ObservedVerifier): () => void;
  /** Runs the check of a token that is not in memory. */
  check?<T>(check: () => Promise<T>): Promise<T>;
  /** @param source `null` where it happened in the background */
  event?(event: SecurityEvent, source: EventSource | null): void;
}
