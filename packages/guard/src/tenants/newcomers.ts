import { AuthError } from '../core/index.ts';
import { createBoundedCache, createCallSlots, getOrMake } from '../core/internal.ts';

/** At once, of one server. */
const MOST_AT_ONCE = 8;
/** Names that turned out to be no realms, or whose server did not answer: a first allowance, then some each second. */
const MOST_IN_VAIN = 100;
const IN_VAIN_PER_SECOND = 10;
const MOST_SERVERS = 1_000;

/**
 * Makes calls to Keycloak for names that may not be realms: anybody can make some up. Each server answers a few at a time, and
 * a bounded number in vain. Realms that answered once do not pass here. What it returns runs a call to a server, or rejects
 * at once where too many names were made up; a 404 says that the realm does not exist.
 *
 * @throws {AuthError} (rejects with one) `provider_unavailable`; or what the call throws
 */
export function createNewcomerCalls(timeoutMs: number) {
  const servers = createBoundedCache<ReturnType<typeof createLine>>(MOST_SERVERS);
  return (server: string, call: () => Promise<Response>): Promise<Response> =>
    getOrMake(servers, server, () => createLine(timeoutMs))(call);
}

function createLine(timeoutMs: number) {
  const slots = createCallSlots(MOST_AT_ONCE, timeoutMs);
  let left = MOST_IN_VAIN;
  let at = performance.now();

  function mayFail(): boolean {
    const now = performance.now();
    left = Math.min(MOST_IN_VAIN, left + ((now - at) / 1000) * IN_VAIN_PER_SECOND);
    at = now;
    return left >= 1;
  }

  function assertMayFail(): void {
    if (!mayFail()) throw toBusy('Too many unknown realms are asked for');
  }

  return async (call: () => Promise<Response>): Promise<Response> => {
    assertMayFail();
    if (!(await slots.enter())) throw toBusy('Too many new realms are asked for at once');
    try {
      assertMayFail();
      const response = await call();
      if (response.status === 404) left--;
      return response;
    } catch (error) {
      left--;
      throw error;
    } finally {
      slots.leave();
    }
  };
}

const toBusy = (reason: string) => new AuthError('provider_unavailable', reason);
