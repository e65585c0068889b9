import type { Setting } from './setting.ts';
import { whole } from './setting-parsers.ts';

/** What one process takes at most, of logins and of everything. */
export const LIMIT_SETTINGS = {
  LOGINS_PER_MINUTE_AND_ADDRESS: {
    description:
      'Most logins in a minute from one address (IPv6: from a network of 48 bits, or one in it); more are 429. 0: no limit. Behind a proxy set `TRUST_PROXY`, or all users have one address.',
    rule: 'must be a whole number from 0 to 1000000',
    example: '300',
    default: '300',
    parse: whole(0, 1_000_000),
  },
  LOGINS_PER_MINUTE_AND_USER: {
    description:
      'Most logins in a minute with one user name from one address (IPv6: from a network of 48 bits, or one in it); more are 429. 0: no limit. From other addresses the user can still log in.',
    rule: 'must be a whole number from 0 to 1000000',
    example: '100',
    default: '100',
    parse: whole(0, 1_000_000),
  },
  CALLS_PER_MINUTE_AND_ADDRESS: {
    description:
      'Most refreshes, logouts and sign-ins in a minute from one address, counted as logins are; more are 429. 0: no limit.',
    rule: 'must be a whole number from 0 to 1000000',
    example: '600',
    default: '600',
    parse: whole(0, 1_000_000),
  },
  LOGIN_MAX_IN_FLIGHT: {
    description:
      'Most password checks that run at Keycloak at the same time, from this process. Each keeps a processor there busy for about 100 ms.',
    rule: 'must be a whole number from 1 to 10000',
    example: '16',
    default: '16',
    parse: whole(1, 10_000),
  },
  CALLS_MAX_IN_FLIGHT: {
    description:
      'Most refreshes, logouts and sign-ins (not of sessions that are there) that run at Keycloak at the same time, from this process.',
    rule: 'must be a whole number from 1 to 10000',
    example: '32',
    default: '32',
    parse: whole(1, 10_000),
  },
  LOGIN_MAX_WAITING: {
    description:
      'Most password checks that wait for their turn, and as many of the other calls; more are 503.',
    rule: 'must be a whole number from 0 to 10000',
    example: '200',
    default: '200',
    parse: whole(0, 10_000),
  },
  LOGIN_WAIT_MS: {
    description:
      'Longest wait of a password check or another call for its turn; then 503. Unit: milliseconds.',
    rule: 'must be a whole number from 100 to 60000',
    example: '10000',
    default: '10000',
    parse: whole(100, 60_000),
  },
  REQUEST_TIMEOUT_MS: {
    description:
      'Longest time until a whole request has arrived; then 408. Headers have at most 10 seconds of it. Unit: milliseconds.',
    rule: 'must be a whole number from 100 to 600000',
    example: '15000',
    default: '15000',
    parse: whole(100, 600_000),
  },
  MAX_CONNECTIONS: {
    description:
      'Most connections at a time; more are closed at once. Each is an open file (`ulimit -n`). 0: no limit.',
    rule: 'must be a whole number from 0 to 1000000',
    example: '10000',
    default: '10000',
    parse: whole(0, 1_000_000),
  },
  MAX_EVENT_LOOP_DELAY_MS: {
    description:
      'How late this process may be, in the mean of a second, before it answers 503 to all but `/health`. 0: no limit. Unit: milliseconds.',
    rule: 'must be a whole number from 0 to 60000',
    example: '1000',
    default: '0',
    parse: whole(0, 60_000),
  },
} as const satisfies Record<string, Setting>;
