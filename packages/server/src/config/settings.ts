import { mendServerUrl } from 'keycloak-guard/unstable';
import { CREDENTIAL_SETTINGS } from './credential-settings.ts';
import {
  oneOf,
  onOrOff,
  parseHost,
  parseIssuer,
  parseList,
  parseOrigins,
  parsePublicUrl,
  parseRedisUrl,
  parseServerUrl,
  parseSessionSecrets,
  parseTrustProxy,
  type Setting,
  wholeNumber,
} from './setting.ts';

/** The most that one process takes, of logins and of everything. */
const LIMIT_SETTINGS = {
  LOGINS_PER_MINUTE_AND_ADDRESS: {
    description:
      'Most logins in a minute from one address (IPv6: from a network of 48 bits, or one in it); more are 429. 0: no limit. Behind a proxy set `TRUST_PROXY`, or all users have one address.',
    ...wholeNumber(0, 1_000_000, 300),
  },
  LOGINS_PER_MINUTE_AND_USER: {
    description:
      'The same with one user name from one address. From other addresses the user can still log in.',
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
} as const satisfies Record<string, Setting>;

/** In the order in which the documents list them. */
export const SETTINGS = {
  KEYCLOAK_SERVER_URL: {
    description: 'Address of Keycloak as this service reaches it, with or without a path such as `/auth`.',
    rule: 'must be an http or https URL without /realms/…, query or credentials',
    example: 'http://localhost:8080',
    json: 'auth-server-url',
    mend: mendServerUrl,
    parse: parseServerUrl,
  },
  KEYCLOAK_REALM: {
    description: 'Name of the realm, in its exact case.',
    rule: 'must be the name of a realm, without / ? # or spaces around it',
    example: 'testing',
    json: 'realm',
    parse: (text) =>
      /^[^/?#\\\s]([^/?#\\]*[^/?#\\\s])?$/.test(text) && !/^\.+$/.test(text) ? text : undefined,
  },
  KEYCLOAK_CLIENT_ID: {
    description: 'Client id of this service in Keycloak: the column Client ID, not the UUID.',
    rule: 'must be the client id, without spaces',
    example: 'fastapi-keycloak',
    json: 'resource',
    parse: (text) => (/^\S+$/.test(text) ? text : undefined),
  },
  ...CREDENTIAL_SETTINGS,
  KEYCLOAK_CONFIG_FILE: {
    description:
      "File with the settings above, as Keycloak's console exports it (Clients > the client > Action > Download adapter config).",
    rule: 'must be a keycloak.json that can be read',
    example: './keycloak.json',
    optional: true,
    parse: (text) => text,
  },
  KEYCLOAK_ISSUER: {
    description:
      'Issuer of the tokens (`iss`), where Keycloak has no `KC_HOSTNAME` and is called by two names. Better: set that. Not set: what Keycloak says.',
    rule: 'must be the exact issuer of the realm, an http or https URL',
    example: 'https://sso.example.com/realms/testing',
    optional: true,
    parse: parseIssuer,
  },
  KEYCLOAK_AUDIENCE: {
    description:
      'Audience an access token must have; several are separated by commas. Not set: `aud` contains the client id, or the token was issued to this client (`azp`).',
    rule: 'must be one or more audiences, separated by commas',
    example: 'my-api',
    optional: true,
    parse: parseList,
  },
  KEYCLOAK_TIMEOUT_MS: {
    description: 'Bound on every call to Keycloak. Unit: milliseconds.',
    ...wholeNumber(100, 60_000, 5000),
  },
  CLOCK_TOLERANCE_SECONDS: {
    description: 'Tolerated difference between the clocks here and at Keycloak. Unit: seconds.',
    ...wholeNumber(0, 300, 5),
  },
  TOKEN_CHECK: {
    description:
      '`local`: signature and claims only. `recheck`: Keycloak is asked again about a token in use. `remote`: Keycloak is asked on every request.',
    ...oneOf(['local', 'recheck', 'remote'], 'recheck'),
  },
  RECHECK_SECONDS: {
    description:
      'With `TOKEN_CHECK=recheck`: longest time a token is trusted without asking Keycloak. Unit: seconds.',
    ...wholeNumber(1, 3600, 30),
  },
  KEYCLOAK_EVENTS: {
    description:
      "`on`: reads Keycloak's lists of events, so that a disabled user is out within two seconds and Keycloak is rarely asked about tokens. Needs `keycloak-guard setup events`.",
    ...onOrOff('off'),
    example: 'on',
  },
  DPOP: {
    description:
      'Tokens that are bound to a key of their client (RFC 9449). `off`: refused. `accepted`: beside bearer tokens. `required`: no others are accepted, but for sessions of browsers; `POST /login` gives out bearer tokens. Set `PUBLIC_URL` too.',
    ...oneOf(['off', 'accepted', 'required'], 'off'),
    example: 'accepted',
  },
  MAX_CACHED_TOKENS: {
    description:
      'Most verified tokens kept in memory, of 4 KiB on average; fewer of longer ones. 0 keeps none.',
    ...wholeNumber(0, 10_000_000, 10_000),
  },
  HOST: {
    description: 'Address to listen on. In a container `0.0.0.0`.',
    rule: 'must be an IP address or a host name',
    example: '0.0.0.0',
    default: 'localhost',
    parse: parseHost,
  },
  PORT: {
    description: 'Port to listen on. 0 takes a free one.',
    ...wholeNumber(0, 65_535, 8000),
  },
  LOG_LEVEL: {
    description: 'Least level that is logged. Requests are logged at `info`.',
    ...oneOf(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], 'info'),
  },
  AUDIT_LOG: {
    description:
      'Lines about logins, refusals, logouts and revocations (`"name":"audit"`) in the log, at every `LOG_LEVEL`.',
    ...onOrOff('on'),
  },
  TRUST_PROXY: {
    description:
      'Proxies that may tell the address of the user (`X-Forwarded-For`): addresses and networks separated by commas; `loopback`, `linklocal` and `uniquelocal` work too.',
    rule: 'must be false, or addresses and networks separated by commas',
    example: '10.0.0.0/8',
    default: 'false',
    parse: parseTrustProxy,
  },
  CORS_ORIGINS: {
    description:
      'Origins whose pages may call this service from a browser with a bearer token, separated by commas. Not set: none.',
    rule: 'must be origins (scheme, host, port; no path, no *) separated by commas',
    example: 'https://app.example.com',
    optional: true,
    parse: parseOrigins,
  },
  PUBLIC_URL: {
    description:
      'Where browsers reach this service; may have a path, which the proxy takes away (`/api/docs` comes here as `/docs`). Not set: scheme and host of each request (behind a proxy set `TRUST_PROXY` as well, or this).',
    rule: 'must be an http or https URL without query or credentials',
    example: 'https://api.example.com',
    optional: true,
    parse: parsePublicUrl,
  },
  SESSION_SECRET: {
    description:
      'Signs session cookies and encrypts sessions. Several, separated by commas: the first is used, all are accepted; docs/sessions.md has the steps to replace it. `off`: no sign-in with the browser. Not set: in production refused, else made up at each start, which signs everybody out.',
    rule: 'must be off, or random and at least 32 characters long (`openssl rand -hex 32`)',
    example: 'the-output-of-openssl-rand-hex-32',
    optional: true,
    secret: true,
    parse: parseSessionSecrets,
  },
  SESSION_IDLE_SECONDS: {
    description: 'A session in the browser ends when it was not used for so long. Unit: seconds.',
    ...wholeNumber(60, 31_536_000, 1800),
  },
  SESSION_MAX_SECONDS: {
    description: 'A session in the browser ends after so long, used or not. Unit: seconds.',
    ...wholeNumber(60, 31_536_000, 36_000),
  },
  REDIS_URL: {
    description:
      'Redis or Valkey that keeps sessions and shares logouts between processes. Not set: memory, for one process.',
    rule: 'must be a redis or rediss URL',
    example: 'redis://localhost:6379',
    optional: true,
    secret: true,
    parse: parseRedisUrl,
  },
  REDIS_KEY_PREFIX: {
    description:
      'Start of every key in Redis. Services with the same one share sessions, logouts and limits. Not set: `keycloak-guard:<realm>:<client id>`.',
    rule: 'must be up to 200 letters, digits and . _ - : / @ %',
    example: 'keycloak-guard:my-realm:my-api',
    optional: true,
    parse: (text) => (/^[\w.\-:/@%]{1,200}$/.test(text) ? text : undefined),
  },
  ...LIMIT_SETTINGS,
  DOCS: {
    description: '`off`: no `/docs`, no `/openapi.json`, and no sign-in of theirs.',
    ...onOrOff('on'),
    example: 'off',
  },
  METRICS_HOST: {
    description: 'Address to listen on for Prometheus. Not set: that of `HOST`.',
    rule: 'must be an IP address or a host name',
    example: '127.0.0.1',
    optional: true,
    parse: parseHost,
  },
  METRICS_PORT: {
    description:
      'Port for Prometheus (`GET /metrics`), at the address of `METRICS_HOST`. 0 takes a free one. Not set: no metrics, and no cost.',
    ...wholeNumber(0, 65_535),
    example: '9464',
    optional: true,
  },
  SHUTDOWN_DELAY_MS: {
    description:
      'Time from SIGTERM to the end of listening, in which `/health/ready` is 503. Unit: milliseconds.',
    ...wholeNumber(0, 60_000, 0),
    example: '5000',
  },
  SHUTDOWN_TIMEOUT_MS: {
    description: 'Longest wait for requests that are under way at SIGTERM. Unit: milliseconds.',
    ...wholeNumber(100, 600_000, 10_000),
  },
} as const satisfies Record<string, Setting>;

export type SettingName = keyof typeof SETTINGS;
