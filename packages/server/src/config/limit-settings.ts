import type { Setting } from './setting.ts';
import { wholeNumber } from './setting-kinds.ts';

/** What one process takes at most, of logins and of everything. */
export const LIMIT_SETTINGS = {
  LOGINS_PER_MINUTE_AND_ADDRESS: {
    description:
      'Most logins in a minute from one address (IPv6: from a network of 48 bits, or one in it); more are 429. 0: no limit. Behind a proxy set `TRUST_PROXY`, or all users have one address.',
    ...wholeNumber(0, 1_000_000, 300),
  },
  LOGINS_PER_MINUTE_AND_USER: {
    description:
      'Most logins in a minute with one user name from one address (IPv6: from a network of 48 bits, or one in it); more are 429. 0: no limit. From other addresses the user can still log in.',
    ...wholeNumber(0, 1_000_000, 100),
  },
  CALLS_PER_MINUTE_AND_ADDRESS: {
    description:
      'Most refreshes, logouts and sign-ins in a minute from one address, counted as logins are; more are 429. 0: no limit.',
    ...wholeNumber(0, 1_000_000, 600),
  },
  LOGIN_MAX_IN_FLIGHT: {
    description:
      'Most password checks that run at Keycloak at the same time, from this process. Each keeps a processor there busy for about 100 ms.',
    ...wholeNumber(1, 10_000, 16),
  },
  CALLS_MAX_IN_FLIGHT: {
    description:
      'Most refreshes, logouts and sign-ins (not of sessions that are there) that run at Keycloak at the same time, from this process.',
    ...wholeNumber(1, 10_000, 32),
  },
  LOGIN_MAX_WAITING: {
    description:
      'Most password checks that wait for their turn, and as many of the other calls; more are 503.',
    ...wholeNumber(0, 10_000, 200),
  },
  LOGIN_WAIT_MS: {
    description:
      'Longest wait of a password check or another call for its turn; then 503. Unit: milliseconds.',
    ...wholeNumber(100, 60_000, 10_000),
  },
  REQUEST_TIMEOUT_MS: {
    description:
      'Longest time until a whole request has arrived; then 408. Headers have at most 10 seconds of it. Unit: milliseconds.',
    ...wholeNumber(100, 600_000, 15_000),
  },
  MAX_CONNECTIONS: {
    description:
      'Most connections at a time; more are closed at once. Each is an open file (`ulimit -n`). 0: no limit.',
    ...wholeNumber(0, 1_000_000, 10_000),
  },
  MAX_EVENT_LOOP_DELAY_MS: {
    description:
      'How late this process may be, in the mean of a second, before it answers 503 to all but `/health`. 0: no limit. Unit: milliseconds.',
    ...wholeNumber(0, 60_000, 0),
    example: '1000',
  },
} as const satisfies Record<string, Setting>;
