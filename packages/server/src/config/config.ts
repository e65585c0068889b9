import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseEnv } from 'node:util';
import type { CredentialOptions } from 'keycloak-guard';
import { type CredentialValues, credentialsIn, missingHalf, toCredential } from './credential-settings.ts';
import { describeValue, quoted } from './describe-value.ts';
import { pathOfDocument } from './documents.ts';
import { usesEnvProxy } from './env-proxy.ts';
import { readKeycloakJson } from './keycloak-json.ts';
import type { Setting } from './setting.ts';
import { SETTINGS, type SettingName } from './settings.ts';
import { readTracingSettings, type TracingSettings } from './tracing-settings.ts';
import { withSecretsUnprinted } from './unprinted.ts';

/** Every setting, checked and frozen. Printing it, or writing it as JSON, hides the secrets. */
export interface Config {
  readonly serverUrl: string;
  readonly realm: string;
  readonly clientId: string;
  /** `undefined` if a file proves who this service is. */
  readonly clientSecret: string | undefined;
  /** How this service proves to Keycloak that it is the client. */
  readonly credential: CredentialOptions;
  readonly issuer: string | undefined;
  readonly audience: readonly string[] | undefined;
  /** Unit: milliseconds. */
  readonly timeoutMs: number;
  readonly clockToleranceSeconds: number;
  readonly tokenCheck: 'local' | 'recheck' | 'remote';
  readonly recheckSeconds: number;
  readonly events: boolean;
  readonly dpop: 'off' | 'accepted' | 'required';
  readonly maxCachedTokens: number;
  /** Keycloak's pushes to the admin URL are taken. */
  readonly adminPushes: boolean;
  readonly host: string;
  readonly port: number;
  /** Processes that answer at this port. */
  readonly workers: number;
  /** 0: no bound. Unit: milliseconds. */
  readonly workerTimeoutMs: number;
  readonly logLevel: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';
  readonly auditLog: boolean;
  readonly trustProxy: false | string;
  readonly corsOrigins: readonly string[];
  /** Whether pages of these origins may use the session cookie. */
  readonly corsCredentials: boolean;
  readonly publicUrl: string | undefined;
  /** `off`: no sign-in with the browser. `undefined`: a secret is made up; never in production. */
  readonly sessionSecrets: readonly string[] | 'off' | undefined;
  readonly sessionIdleSeconds: number;
  readonly sessionMaxSeconds: number;
  /** May hold a password. */
  readonly redisUrl: string | undefined;
  /** Start of every key in Redis. */
  readonly redisKeyPrefix: string;
  /** In a minute; 0: unlimited. */
  readonly loginsPerAddress: number;
  /** In a minute, from one address; 0: unlimited. */
  readonly loginsPerUser: number;
  /** Refreshes, logouts and sign-ins in a minute; 0: unlimited. */
  readonly callsPerAddress: number;
  readonly callsMaxInFlight: number;
  readonly loginMaxInFlight: number;
  readonly loginMaxWaiting: number;
  readonly loginWaitMs: number;
  /** Unit: milliseconds. */
  readonly requestTimeoutMs: number;
  /** 0: unlimited. */
  readonly maxConnections: number;
  /** 0: unlimited. */
  readonly maxEventLoopDelayMs: number;
  /** Not ready, but still listening. Unit: milliseconds. */
  readonly shutdownDelayMs: number;
  /** Unit: milliseconds. */
  readonly shutdownTimeoutMs: number;
  /** `undefined`: no metrics. */
  readonly metricsPort: number | undefined;
  readonly metricsHost: string;
  /** Whether there are `/docs` and `/openapi.json`. */
  readonly docs: boolean;
  /** By the `OTEL_*` variables of the environment, not of `.env`. */
  readonly tracing: TracingSettings;
  /** Whether calls go through the proxy of the environment: `NODE_USE_ENV_PROXY=1`, or `--use-env-proxy` of Node.js. */
  readonly usesEnvProxy: boolean;
}

/** The part of the settings that a client of Keycloak takes as its options. */
export function clientOptionsOf(config: Config) {
  const { serverUrl, realm, clientId, credential, timeoutMs, clockToleranceSeconds } = config;
  return { serverUrl, realm, clientId, credential, timeoutMs, clockToleranceSeconds };
}

/** A setting that is missing or wrong. */
export interface SettingProblem {
  readonly name: SettingName;
  /** The rule that is broken; never the value of a secret. */
  readonly seen: string;
  readonly rule: string;
  readonly example: string;
}

/**
 * Settings are missing or wrong: all of them, in `problems` and in the message. Without `problems` a file of
 * settings cannot be read.
 */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly SettingProblem[];

  constructor(problems: readonly SettingProblem[], sources: string) {
    if (problems.length === 0) {
      super(sources);
      this.problems = problems;
      return;
    }
    const title = problems.length === 1 ? 'A setting is' : `${problems.length} settings are`;
    const lines = problems.flatMap((p) => [
      '',
      `  ${p.name} ${p.seen}`,
      `    It ${p.rule}.`,
      `    For example: ${p.name}=${p.example}`,
    ]);
    super([`${title} missing or wrong.`, ...lines, '', sources].join('\n'));
    this.problems = problems;
  }
}

/** Where {@link loadConfig} looks. */
export interface ConfigSources {
  /** Default `process.env`. Wins over the files. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** Folder of `.env`, and start of a relative `KEYCLOAK_CONFIG_FILE`. Default: the working directory. */
  readonly cwd?: string | undefined;
  /** File in the format of `.env`. Default `.env`; it may be absent. */
  readonly envFile?: string | undefined;
}

/**
 * Reads the settings from the environment, from `.env`, and from the `keycloak.json` that `KEYCLOAK_CONFIG_FILE`
 * names; the first that has a setting wins. An empty value counts as not set.
 *
 * @throws {ConfigError} naming every setting that is missing or wrong, or an existing file that cannot be read
 */
export function loadConfig(sources: ConfigSources = {}): Config {
  const { env = process.env, cwd = process.cwd(), envFile = '.env' } = sources;
  const file = readEnvFile(envFile, cwd);
  const given = (name: SettingName): string | undefined => env[name] || file?.[name] || undefined;

  const problems: SettingProblem[] = [];
  const complain = (name: SettingName, seen: string, text = ''): void => {
    const { rule, example, mend }: Setting = SETTINGS[name];
    problems.push({ name, seen, rule, example: mend?.(text) ?? example });
  };

  const configFile = given('KEYCLOAK_CONFIG_FILE');
  const json = configFile === undefined ? {} : readKeycloakJson(resolve(cwd, configFile));
  if (json instanceof Error) complain('KEYCLOAK_CONFIG_FILE', `${quoted(configFile ?? '')} ${json.message}`);

  const [first, ...more] = credentialsIn(given);
  for (const name of more) complain(name, `is set beside ${first}: only one of them can be.`);
  const half = missingHalf(given);
  if (half !== undefined) complain(half, 'is not set.');

  const read = (name: SettingName): unknown => {
    // A file that is named wins over the secret of a keycloak.json.
    if (name === 'KEYCLOAK_CLIENT_SECRET' && first !== undefined && first !== name) return undefined;
    const setting: Setting = SETTINGS[name];
    const text = given(name) ?? (json instanceof Error ? undefined : json[name]) ?? setting.default;
    if (text === undefined) {
      // An unreadable file already explains the missing settings.
      if (!setting.optional && !(json instanceof Error && setting.json)) complain(name, 'is not set.');
      return undefined;
    }
    const mark = /^(["'])[\s\S]*\1$/.exec(text)?.[1];
    const value = mark === undefined ? setting.parse(text) : undefined;
    if (value !== undefined) return value;
    complain(
      name,
      mark ? `has quotes (${mark}) around it: remove them.` : describeValue(setting, text),
      text,
    );
    return undefined;
  };

  const values = Object.fromEntries(
    (Object.keys(SETTINGS) as SettingName[]).map((name) => [name, read(name)]),
  ) as Values;
  const isProduction = (env.NODE_ENV || file?.NODE_ENV) === 'production';
  if (isProduction && given('SESSION_SECRET') === undefined) complain('SESSION_SECRET', 'is not set.');
  if (problems.length > 0) {
    throw new ConfigError(problems, describeSources(file !== undefined, envFile, configFile));
  }
  return toConfig(values, toCredential(values, cwd), env);
}

type Values = {
  [N in Exclude<SettingName, keyof CredentialValues>]:
    | Exclude<ReturnType<(typeof SETTINGS)[N]['parse']>, undefined>
    | ((typeof SETTINGS)[N] extends { readonly optional: true } ? undefined : never);
} & CredentialValues;

function toConfig(
  values: Values,
  credential: CredentialOptions,
  env: NonNullable<ConfigSources['env']>,
): Config {
  const config: Config = {
    serverUrl: values.KEYCLOAK_SERVER_URL,
    realm: values.KEYCLOAK_REALM,
    clientId: values.KEYCLOAK_CLIENT_ID,
    clientSecret: values.KEYCLOAK_CLIENT_SECRET,
    credential,
    issuer: values.KEYCLOAK_ISSUER,
    audience: values.KEYCLOAK_AUDIENCE,
    timeoutMs: values.KEYCLOAK_TIMEOUT_MS,
    clockToleranceSeconds: values.CLOCK_TOLERANCE_SECONDS,
    tokenCheck: values.TOKEN_CHECK,
    recheckSeconds: values.RECHECK_SECONDS,
    events: values.KEYCLOAK_EVENTS,
    dpop: values.DPOP,
    maxCachedTokens: values.MAX_CACHED_TOKENS,
    adminPushes: values.ADMIN_PUSHES,
    ...{ host: values.HOST, port: values.PORT },
    ...{ workers: values.WORKERS, workerTimeoutMs: values.WORKER_TIMEOUT_MS },
    logLevel: values.LOG_LEVEL,
    auditLog: values.AUDIT_LOG,
    trustProxy: values.TRUST_PROXY,
    corsOrigins: values.CORS_ORIGINS ?? [],
    corsCredentials: values.CORS_CREDENTIALS,
    publicUrl: values.PUBLIC_URL,
    sessionSecrets: values.SESSION_SECRET,
    sessionIdleSeconds: values.SESSION_IDLE_SECONDS,
    sessionMaxSeconds: values.SESSION_MAX_SECONDS,
    redisUrl: values.REDIS_URL,
    redisKeyPrefix: values.REDIS_KEY_PREFIX ?? toKeyPrefix(values.KEYCLOAK_REALM, values.KEYCLOAK_CLIENT_ID),
    loginsPerAddress: values.LOGINS_PER_MINUTE_AND_ADDRESS,
    loginsPerUser: values.LOGINS_PER_MINUTE_AND_USER,
    callsPerAddress: values.CALLS_PER_MINUTE_AND_ADDRESS,
    callsMaxInFlight: values.CALLS_MAX_IN_FLIGHT,
    loginMaxInFlight: values.LOGIN_MAX_IN_FLIGHT,
    loginMaxWaiting: values.LOGIN_MAX_WAITING,
    loginWaitMs: values.LOGIN_WAIT_MS,
    requestTimeoutMs: values.REQUEST_TIMEOUT_MS,
    maxConnections: values.MAX_CONNECTIONS,
    maxEventLoopDelayMs: values.MAX_EVENT_LOOP_DELAY_MS,
    shutdownDelayMs: values.SHUTDOWN_DELAY_MS,
    shutdownTimeoutMs: values.SHUTDOWN_TIMEOUT_MS,
    metricsPort: values.METRICS_PORT,
    metricsHost: values.METRICS_HOST ?? values.HOST,
    docs: values.DOCS,
    tracing: readTracingSettings(env),
    usesEnvProxy: usesEnvProxy(env),
  };
  return Object.freeze(
    withSecretsUnprinted(config, ['clientSecret', 'credential', 'sessionSecrets', 'redisUrl']),
  );
}

/** Colons in names are encoded, so two services cannot share a prefix by chance. */
function toKeyPrefix(realm: string, clientId: string): string {
  return ['keycloak-guard', realm, clientId].map(encodeURIComponent).join(':');
}

/**
 * Reads a file in the format of `.env`; `undefined` if it does not exist.
 *
 * @throws {ConfigError} if the file exists but cannot be read: its settings may keep the service safe
 */
export function readEnvFile(
  file = '.env',
  cwd = process.cwd(),
): Record<string, string | undefined> | undefined {
  try {
    return parseEnv(readFileSync(resolve(cwd, file), 'utf8').replace(/^\uFEFF/, ''));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    const why = code === 'EISDIR' ? 'it is a folder' : code;
    throw new ConfigError(
      [],
      `${file} cannot be read (${why}). Give this user the right to, or take it away.`,
    );
  }
}

function describeSources(hasEnvFile: boolean, envFile: string, configFile: string | undefined): string {
  const files = [hasEnvFile ? envFile : `${envFile} (does not exist)`, configFile].filter(Boolean);
  const all = ['.env.example', 'docs/settings.md'].map(pathOfDocument).join(', ');
  return `Looked in the environment and in ${files.join(' and ')}. All settings: ${all}`;
}
