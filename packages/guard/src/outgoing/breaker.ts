import { toFailureCode } from '../core/internal.ts';

/** Calls without a connection before others are spared. */
const FAILURES = 5;
/** Then one call tries after so long. Unit: milliseconds. */
const PAUSE_MS = 2_000;

/**
 * Runs calls to a service, unless it could not be reached several times, and a moment ago: so callers do not wait in vain.
 *
 * @throws {TypeError} (the function that it returns) like `fetch` if the call is not run; or what the call throws
 */
export function createBreaker(origin: string) {
  let failures = 0;
  // By a monotonic clock.
  let triedAt = 0;

  return async <T>(call: () => Promise<T>): Promise<T> => {
    if (failures >= FAILURES) {
      if (performance.now() - triedAt < PAUSE_MS) throw toUnreachable(origin);
      triedAt = performance.now();
    }
    try {
      const result = await call();
      failures = 0;
      return result;
    } catch (error) {
      if (isUnreachable(error)) {
        failures++;
        triedAt = performance.now();
      }
      throw error;
    }
  };
}

/** Codes with which no connection is made. */
const NO_CONNECTION =
  /^(?:ECONNREFUSED|E(?:HOST|NET)UNREACH|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|UND_ERR_CONNECT_TIMEOUT)$/;

/** A call that was too slow, that its caller ended, or that was cut off says nothing about the others. */
function isUnreachable(error: unknown): boolean {
  return error instanceof TypeError && NO_CONNECTION.test(toFailureCode(error) ?? '');
}

function toUnreachable(origin: string): TypeError {
  const cause = Object.assign(new Error(`${origin} cannot be reached; it is tried again in a moment`), {
    code: 'EUNREACHABLE',
  });
  return new TypeError('fetch failed', { cause });
}
