import { AuthError } from '../core/index.ts';
import { type BoundedResponse, createCallSlots, fetchBounded } from '../core/internal.ts';

/** Calls Keycloak, with bounds on time, size and concurrency. */
export interface KeycloakCalls {
  /**
   * @param secrets texts to hide in messages
   * @throws {AuthError} `provider_unavailable` if there is no answer, or there was none a moment ago
   */
  call(url: string, what: string, secrets: readonly string[], init: RequestInit): Promise<BoundedResponse>;
}

/** Most calls at once. Others wait for their turn. */
const MAX_CALLS = 64;
/** Pause after a call without an answer. After it, a single call tries again. Unit: milliseconds. */
const PAUSE_MS = 2_000;

export function createKeycloakCalls(options: {
  readonly fetch: typeof fetch;
  readonly timeoutMs: number;
}): KeycloakCalls {
  const slots = createCallSlots(MAX_CALLS, options.timeoutMs);
  // By the monotonic clock.
  let failedAt: number | undefined;
  let isProbing = false;

  function isResting(): boolean {
    return failedAt !== undefined && (isProbing || performance.now() - failedAt < PAUSE_MS);
  }

  async function attempt(...[url, what, secrets, init]: Parameters<KeycloakCalls['call']>) {
    const isProbe = failedAt !== undefined;
    isProbing ||= isProbe;
    try {
      const response = await fetchBounded(url, { ...options, what, secrets, init });
      failedAt = undefined;
      return response;
    } catch (error) {
      failedAt = performance.now();
      throw error;
    } finally {
      if (isProbe) isProbing = false;
    }
  }

  return {
    async call(...request) {
      if (isResting() || !(await slots.enter())) throw toSilence();
      try {
        // While this call waited for its turn, another one may have failed.
        if (isResting()) throw toSilence();
        return await attempt(...request);
      } finally {
        slots.leave();
      }
    },
  };
}

function toSilence(): AuthError {
  return new AuthError('provider_unavailable', 'Keycloak does not answer');
}
