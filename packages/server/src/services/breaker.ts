import { ClientError, type KeycloakClient } from 'keycloak-guard/client';

interface BreakerOptions {
  /** Asks Keycloak for something cheap. Never rejects; `false` when no answer comes soon. */
  readonly probe: () => Promise<boolean>;
  /** Called when Keycloak answered a call, also with a refusal; when no call can be made; and when calls begin to fail at once. */
  readonly onOutcome?: ((error?: ClientError) => void) | undefined;
  /** Unit: milliseconds, never set back. */
  readonly now?: (() => number) | undefined;
}

/** Keeps requests from waiting for a Keycloak that hangs. */
export type Breaker = ReturnType<typeof createBreaker>;

/** How many calls in a row have to time out, with no answer between them. */
const TIMEOUTS_TO_OPEN = 3;
/** While open: how often one request asks whether Keycloak is back. */
const PAUSE_MS = 1_000;

/**
 * Counts calls that timed out and nothing else: what is refused, reset or answered fails at once anyway, and no
 * user can bring it about. As soon as the probe is answered all calls run again; so one slow endpoint, or one slow
 * user directory behind Keycloak, never closes the rest for longer than a second.
 */
export function createBreaker({ probe, onOutcome, now = () => performance.now() }: BreakerOptions) {
  let timeouts = 0;
  let retryAt = 0;
  let isProbing = false;

  const isOpen = (): boolean => timeouts >= TIMEOUTS_TO_OPEN;

  function answered(error?: ClientError): void {
    timeouts = 0;
    onOutcome?.(error);
  }

  function timedOut(): void {
    timeouts++;
    if (timeouts !== TIMEOUTS_TO_OPEN) return;
    retryAt = now() + PAUSE_MS;
    onOutcome?.(NOT_ANSWERING);
  }

  async function isBack(): Promise<boolean> {
    if (isProbing || now() < retryAt) return false;
    isProbing = true;
    const isThere = await probe();
    isProbing = false;
    retryAt = now() + PAUSE_MS;
    if (isThere) timeouts = 0;
    return isThere;
  }

  return {
    /** True while calls fail at once. */
    get isOpen() {
      return isOpen();
    },
    /** @throws {ClientError} `provider_unavailable`, at once while Keycloak is known to hang */
    async run<T>(call: () => Promise<T>): Promise<T> {
      if (isOpen() && !(await isBack())) throw NOT_ANSWERING;
      try {
        const result = await call();
        answered();
        return result;
      } catch (error) {
        if (isTimeout(error)) timedOut();
        // Other errors, such as a callback with a wrong state, occur without a call to Keycloak.
        else if (error instanceof ClientError) answered(error);
        throw error;
      }
    },
  };
}

/** The same client, each call to Keycloak through the breaker. */
export function withBreaker(client: KeycloakClient, { run }: Breaker): KeycloakClient {
  return {
    ...client,
    passwordGrant: (request) => run(() => client.passwordGrant(request)),
    refresh: (refreshToken) => run(() => client.refresh(refreshToken)),
    logout: (refreshToken) => run(() => client.logout(refreshToken)),
    endSession: (accessToken, sessionId) => run(() => client.endSession(accessToken, sessionId)),
    endOtherSessions: (accessToken) => run(() => client.endOtherSessions(accessToken)),
    revoke: (token) => run(() => client.revoke(token)),
    finishAuthorization: (response) => run(() => client.finishAuthorization(response)),
    exchangeCode: (exchange) => run(() => client.exchangeCode(exchange)),
  };
}

/** Longest wait of the one request that asks. */
const PROBE_MS = 2_000;

/** A probe: any answer of the server will do. */
export function probeOf(url: string, timeoutMs: number): () => Promise<boolean> {
  return async () => {
    try {
      const signal = AbortSignal.timeout(Math.min(PROBE_MS, timeoutMs));
      await fetch(url, { method: 'HEAD', redirect: 'manual', signal });
      return true;
    } catch {
      return false;
    }
  };
}

/** Nobody answers; a user can bring about neither of them, as a slow answer. */
export function isAway({ kind, answerStatus, diagnosis: { id } }: ClientError): boolean {
  const hasNoAnswer = [0, 502, 503].includes(answerStatus) && id !== 'credential-unusable';
  return kind === 'provider_unavailable' && hasNoAnswer;
}

function isTimeout(error: unknown): boolean {
  return error instanceof ClientError && error.diagnosis.id === 'timed-out';
}

/** Made once: there may be many. */
const NOT_ANSWERING = new ClientError({
  id: 'not-answering',
  kind: 'provider_unavailable',
  cause: 'Keycloak did not answer the last calls in time: it is asked again every second',
  fix: 'Look whether Keycloak and its database are well, and at the network between. It heals by itself.',
});
