import { inspect } from 'node:util';
import type { CredentialOptions } from 'keycloak-guard';
import { withoutEndSlashes } from 'keycloak-guard/unstable';
import type { TracingSettings } from './environment.ts';
import type { SettingName } from './settings.ts';

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
  readonly host: string;
  readonly port: number;
  readonly logLevel: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';
  readonly auditLog: boolean;
  readonly trustProxy: false | string;
  readonly corsOrigins: readonly string[];
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

/** The path of `PUBLIC_URL`, below which browsers reach this service: empty, or `/…` without a slash at the end. */
export function basePathOf(publicUrl: string | undefined): string {
  return publicUrl === undefined ? '' : withoutEndSlashes(new URL(publicUrl).pathname);
}

/**
 * The same object; printing it, or writing it as JSON, hides its secrets, because settings end up in logs. A copy of
 * it (`{ ...settings }`) is an object like any other.
 */
export function withSecretsUnprinted<T extends object>(settings: T, secrets: readonly (keyof T)[]): T {
  const show = () => {
    const hidden = secrets.filter((name) => settings[name] !== undefined).map((name) => [name, '***']);
    return { ...settings, ...Object.fromEntries(hidden) };
  };
  return Object.defineProperties(settings, { toJSON: { value: show }, [inspect.custom]: { value: show } });
}
