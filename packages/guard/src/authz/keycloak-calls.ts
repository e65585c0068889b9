import { AuthError } from '../core/index.ts';
import { type BoundedResponse, createCallSlots, fetchBounded } from '../core/internal.ts';

/** Calls Keycloak: bounded in time, in size, and in how many at once. */
export interface KeycloakCalls {
  /**
   * @param secrets what is sent along, and must not be shown
   * @throws {AuthError} `provider_unavailable` where there is no answer, or there was none a moment ago
   */
  call(url: string, what: string, secrets: readonly string[], init: RequestInit): Promise<BoundedResponse>;
}

/** Calls at once; the others wait for their turn. */
const MAX_CALLS = 64;
/** After a call without an answer nobody asks for so long: then one call tries. */
const PAUSE_MS = 2_000;

export function createKeycloakCalls(options: {
  readonly fetch: typeof fetch;
  readonly timeoutMs: number;
}): KeycloakCalls {
  const slots = createCallSlots(MAX_CALLS, options.timeoutMs);
  // By a clock that nobody sets.
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
        // While it waited for its turn, another call may have found out that nobody answers.
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
