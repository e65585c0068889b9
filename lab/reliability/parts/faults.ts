import type { Phase } from '../load/tally.ts';
import type { Cluster } from '../machines/cluster.ts';

/** Something that dies, and what may then be answered: as docs/production.md says, and nothing else. */
export interface Fault {
  readonly phase: Phase;
  /** Between the kill and the new start. Unit: milliseconds. */
  readonly awayMs: number;
  crash(cluster: Cluster): Promise<void>;
  restart(cluster: Cluster): Promise<void>;
}

export const FAULTS: readonly Fault[] = [
  {
    phase: {
      name: 'a replica',
      isQuiet: false,
      explain: (kind, { status, detail }) =>
        status === 502 && detail === 'nginx' && !kind.startsWith('GET')
          ? 'the replica had this POST when it was killed: nginx does not send it twice'
          : undefined,
    },
    awayMs: 5_000,
    crash: ({ replicas }) => replicas[0]!.crash(),
    restart: ({ replicas }) => replicas[0]!.start(),
  },
  {
    phase: {
      name: 'Redis',
      isQuiet: false,
      explain(kind, { status, detail }) {
        if (status !== 503) return undefined;
        if (detail === 'Logout could not be shared')
          return 'the logout counts here, and elsewhere when Redis is back';
        // Also of one who was logged out: nobody can tell.
        if (/cookie|browser/.test(kind) || detail === 'Session store unavailable') {
          return 'sessions of browsers are in Redis';
        }
        return undefined;
      },
    },
    awayMs: 10_000,
    crash: ({ redis }) => redis.crash(),
    restart: ({ redis }) => redis.start(),
  },
  {
    phase: {
      name: 'Keycloak',
      isQuiet: false,
      explain(kind, { status, detail }) {
        if (detail.startsWith('at Keycloak')) return 'the request was to Keycloak itself';
        if (status !== 503) return undefined;
        if (kind === 'GET /protected, cookie') return 'a session whose token had to be renewed';
        return /login|refresh|logout|sign-/i.test(kind) ? 'only Keycloak can answer this' : undefined;
      },
    },
    awayMs: 1_000,
    crash: ({ keycloak }) => keycloak.crash(),
    restart: ({ keycloak }) => keycloak.restart(),
  },
];
