/** What one of each costs, as measured. Processor time in seconds. */
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

/** What is assumed of users and machines. What each means stands in docs/sizing.md. */
export const ASSUMPTIONS = {
  loginsPerUserAndDay: 1,
  busiestHourShare: 0.2,
  activeShare: 0.1,
  requestsPerActiveUserAndSecond: 0.1,
  accessTokenSeconds: 300,
  recheckSeconds: 30,
  keycloakBusy: 0.4,
  coresPerKeycloak: 4,
  replicaBusy: 0.7,
  activeUsersPerReplica: 10_000,
  redisSpare: 1.5,
  usersPerCell: 1_000_000,
} as const;

export type Assumptions = { readonly [name in keyof typeof ASSUMPTIONS]: number };

/** How a session is renewed ahead of the end of its access token, and how long it is served from memory. */
const RENEWED_AHEAD_SECONDS = 30;
const SESSION_TRUSTED_SECONDS = 10;
/** Commands of one renewal: lock, read, replace, unlock. A session that is read is two: read, and tell it is in use. */
const COMMANDS = { read: 2, renewal: 4, begin: 1 } as const;
const RARE_RECHECK_SECONDS = 120;
/** For each login, logout or refresh, in https://www.keycloak.org/high-availability/single-cluster/concepts-memory-and-cpu-sizing */
const DATABASE = { writes: 14, cores: [0.0035, 0.007] } as const;

/** What so many signed-in users come to at the peak. */
export interface Size {
  readonly cells: number;
  readonly activeUsers: number;
  /** In a second. */
  readonly requests: number;
  readonly logins: number;
  readonly refreshes: number;
  /** Each user kept at one replica. */
  readonly checks: number;
  /** Requests sent to the replicas in turn. */
  readonly checksInTurn: number;
  /** Cores that are busy at Keycloak. */
  readonly keycloakCores: { readonly logins: number; readonly refreshes: number; readonly checks: number };
  readonly keycloaks: number;
  readonly keycloaksInTurn: number;
  /** With RECHECK_SECONDS=120. */
  readonly keycloaksRare: number;
  /** With TOKEN_CHECK=local. */
  readonly keycloaksLocal: number;
  /** Until all users have logged in again, Keycloak doing nothing else. Unit: seconds, of all cells at once. */
  readonly secondsToLogAllIn: number;
  /** By Keycloak's own guide, not measured: writes in a second, and the least and the most busy cores. */
  readonly database: { readonly writes: number; readonly cores: readonly [number, number] };
  readonly serviceCores: number;
  readonly replicas: number;
  readonly redisBytes: number;
  readonly redisCommands: number;
  readonly redisCores: number;
}

export function sizeFor(users: number, costs: Costs, assumed: Assumptions = ASSUMPTIONS): Size {
  const cells = Math.ceil(users / assumed.usersPerCell);
  const cell = sizeOfCell(users / cells, costs, assumed);
  const times = (value: number) => value * cells;
  const { logins, refreshes, checks } = cell.keycloakCores;
  return {
    cells,
    activeUsers: times(cell.activeUsers),
    requests: times(cell.requests),
    logins: times(cell.logins),
    refreshes: times(cell.refreshes),
    checks: times(cell.checks),
    checksInTurn: times(cell.checksInTurn),
    keycloakCores: { logins: times(logins), refreshes: times(refreshes), checks: times(checks) },
    keycloaks: times(cell.keycloaks),
    keycloaksInTurn: times(cell.keycloaksInTurn),
    keycloaksRare: times(cell.keycloaksRare),
    keycloaksLocal: times(cell.keycloaksLocal),
    secondsToLogAllIn: cell.secondsToLogAllIn,
    database: {
      writes: times(cell.database.writes),
      cores: [times(cell.database.cores[0]), times(cell.database.cores[1])],
    },
    serviceCores: times(cell.serviceCores),
    replicas: times(cell.replicas),
    redisBytes: times(cell.redisBytes),
    redisCommands: times(cell.redisCommands),
    redisCores: times(cell.redisCores),
  };
}

function sizeOfCell(users: number, costs: Costs, assumed: Assumptions): Size {
  const activeUsers = users * assumed.activeShare;
  const betweenRequests = 1 / assumed.requestsPerActiveUserAndSecond;
  const requests = activeUsers / betweenRequests;
  const logins = (users * assumed.loginsPerUserAndDay * assumed.busiestHourShare) / 3600;
  const refreshes = activeUsers / (assumed.accessTokenSeconds - RENEWED_AHEAD_SECONDS);
  /** Something that each of `places` does for each user, at the first request after `pause` seconds. */
  const withPause = (pause: number, places = 1) =>
    (activeUsers * places) / (pause + places * betweenRequests);
  const checks = withPause(assumed.recheckSeconds / 2);
  const sessionReads = withPause(SESSION_TRUSTED_SECONDS);

  const serviceCores =
    requests * costs.request +
    sessionReads * (costs.sessionRead - costs.request) +
    (logins + refreshes) * (costs.newToken - costs.request) +
    logins * costs.serviceLogin +
    // A check is one call to Keycloak, as a refresh is.
    (refreshes + checks) * costs.serviceRefresh;
  const replicas = Math.max(
    3,
    Math.ceil(serviceCores / assumed.replicaBusy) + 1,
    Math.ceil(activeUsers / assumed.activeUsersPerReplica),
  );
  const checksInTurn = withPause(assumed.recheckSeconds / 2, replicas);

  const loginCores = logins * costs.login;
  const refreshCores = refreshes * costs.refresh;
  const keycloaksFor = (checks: number) => {
    const cores = loginCores + refreshCores + checks * costs.check;
    return Math.max(2, Math.ceil(cores / assumed.keycloakBusy / assumed.coresPerKeycloak));
  };
  const keycloaks = keycloaksFor(checks);
  // As many logouts as logins.
  const databaseCalls = 2 * logins + refreshes;
  const redisCommands = sessionReads * COMMANDS.read + refreshes * COMMANDS.renewal + logins * COMMANDS.begin;
  return {
    ...{ cells: 1, activeUsers, requests, logins, refreshes, checks, checksInTurn },
    keycloakCores: { logins: loginCores, refreshes: refreshCores, checks: checks * costs.check },
    keycloaks,
    keycloaksInTurn: keycloaksFor(checksInTurn),
    keycloaksRare: keycloaksFor(withPause(RARE_RECHECK_SECONDS / 2)),
    keycloaksLocal: keycloaksFor(0),
    secondsToLogAllIn: (users * costs.login) / (keycloaks * assumed.coresPerKeycloak),
    database: {
      writes: databaseCalls * DATABASE.writes,
      cores: [databaseCalls * DATABASE.cores[0], databaseCalls * DATABASE.cores[1]],
    },
    serviceCores,
    replicas,
    redisBytes: users * costs.sessionBytes * assumed.redisSpare,
    redisCommands,
    redisCores: (redisCommands * costs.redisRead) / COMMANDS.read,
  };
}
