/** Measured cost of one operation. Unit: seconds of processor time, unless it says otherwise. */
export interface Costs {
  /** At Keycloak. */
  readonly login: number;
  readonly refresh: number;
  readonly check: number;
  /** In the service. */
  readonly request: number;
  readonly newToken: number;
  readonly sessionRead: number;
  readonly serviceLogin: number;
  readonly serviceRefresh: number;
  /** At Redis. */
  readonly redisRead: number;
  /** Unit: bytes. */
  readonly sessionBytes: number;
}

/** Assumptions about users and machines. docs/production.md explains each. */
export const ASSUMPTIONS = {
  loginsPerUserAndDay: 1,
  busiestHourShare: 0.2,
  activeShare: 0.1,
  requestsPerActiveUserAndSecond: 0.1,
  accessTokenSeconds: 300,
  recheckSeconds: 30,
  /** Of each replica: two lists a second, and the settings of the realm every five. */
  looksAtEventsPerSecond: 2.2,
  keycloakBusy: 0.4,
  coresPerKeycloak: 4,
  replicaBusy: 0.7,
  activeUsersPerReplica: 10_000,
  redisSpare: 1.5,
} as const;

export type Assumptions = { readonly [name in keyof typeof ASSUMPTIONS]: number };

/** Sessions renew this long before their access token expires, and stay in memory this long. */
const RENEWED_AHEAD_SECONDS = 30;
const SESSION_TRUSTED_SECONDS = 10;
/** Redis commands. A renewal locks, reads, replaces, unlocks; a read also reports use. */
const COMMANDS = { read: 2, renewal: 4, begin: 1 } as const;

/** Load at the peak, in a second, and what it needs. */
export interface Size {
  readonly activeUsers: number;
  readonly requests: number;
  readonly logins: number;
  readonly refreshes: number;
  /** If each user's requests reach one replica. */
  readonly checks: number;
  /** Busy cores. */
  readonly keycloakCores: { readonly logins: number; readonly refreshes: number; readonly checks: number };
  readonly keycloaks: number;
  /** With `TOKEN_CHECK=local`. */
  readonly keycloaksLocal: number;
  /** With `KEYCLOAK_EVENTS=on`: looks at the events instead of checks, for each of which Keycloak does as much. */
  readonly withEvents: {
    readonly checks: number;
    readonly keycloakCores: number;
    readonly keycloaks: number;
  };
  readonly serviceCores: number;
  readonly replicas: number;
  readonly redisBytes: number;
  readonly redisCores: number;
}

export function sizeFor(users: number, costs: Costs, assumed: Assumptions = ASSUMPTIONS): Size {
  const activeUsers = users * assumed.activeShare;
  const betweenRequests = 1 / assumed.requestsPerActiveUserAndSecond;
  const requests = activeUsers / betweenRequests;
  const logins = (users * assumed.loginsPerUserAndDay * assumed.busiestHourShare) / 3600;
  const refreshes = activeUsers / (assumed.accessTokenSeconds - RENEWED_AHEAD_SECONDS);
  /** Happens for each active user at the first request after `pause` seconds. */
  const withPause = (pause: number) => activeUsers / (pause + betweenRequests);
  const checks = withPause(assumed.recheckSeconds / 2);
  const sessionReads = withPause(SESSION_TRUSTED_SECONDS);

  const serviceCores =
    requests * costs.request +
    sessionReads * (costs.sessionRead - costs.request) +
    (logins + refreshes) * (costs.newToken - costs.request) +
    logins * costs.serviceLogin +
    // A check is one call to Keycloak, as a refresh is.
    (refreshes + checks) * costs.serviceRefresh;
  const keycloakCores = {
    logins: logins * costs.login,
    refreshes: refreshes * costs.refresh,
    checks: checks * costs.check,
  };
  const keycloaksFor = (cores: number) =>
    Math.max(2, Math.ceil(cores / assumed.keycloakBusy / assumed.coresPerKeycloak));
  const replicas = Math.max(
    3,
    Math.ceil(serviceCores / assumed.replicaBusy) + 1,
    Math.ceil(activeUsers / assumed.activeUsersPerReplica),
  );
  const looks = replicas * assumed.looksAtEventsPerSecond;
  const eventsCores = keycloakCores.logins + keycloakCores.refreshes + looks * costs.check;
  const redisCommands = sessionReads * COMMANDS.read + refreshes * COMMANDS.renewal + logins * COMMANDS.begin;
  return {
    ...{ activeUsers, requests, logins, refreshes, checks, keycloakCores },
    keycloaks: keycloaksFor(keycloakCores.logins + keycloakCores.refreshes + keycloakCores.checks),
    keycloaksLocal: keycloaksFor(keycloakCores.logins + keycloakCores.refreshes),
    withEvents: {
      checks: looks,
      keycloakCores: eventsCores,
      keycloaks: keycloaksFor(eventsCores),
    },
    serviceCores,
    replicas,
    redisBytes: users * costs.sessionBytes * assumed.redisSpare,
    redisCores: (redisCommands * costs.redisRead) / COMMANDS.read,
  };
}
