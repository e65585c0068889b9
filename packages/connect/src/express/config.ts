import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { withoutEndSlashes } from 'keycloak-guard/unstable/connect';
import type { PolicyEnforcerConfig } from '../enforcer/config.ts';

/** The content of a `keycloak.json`, or an object in its place. Each setting by every name that keycloak-connect knows. */
export interface KeycloakConfig {
  /** Name of the realm. Required. */
  readonly realm?: string | undefined;
  /** Client id of this application. Required. */
  readonly resource?: string | undefined;
  /** The same as `resource`. */
  readonly 'client-id'?: string | undefined;
  /** The same as `resource`. */
  readonly clientId?: string | undefined;
  /** The client's secret. */
  readonly credentials?:
    | { readonly secret?: string | undefined; readonly [name: string]: unknown }
    | undefined;
  /** The same as `credentials.secret`. */
  readonly secret?: string | undefined;
  /** Whether the client is a public one. Default false. */
  readonly 'public-client'?: boolean | string | undefined;
  /** The same as `public-client`. */
  readonly public?: boolean | string | undefined;
  /** Keycloak's address, for example `http://localhost:8080`. Required. */
  readonly 'auth-server-url'?: string | undefined;
  /** The same as `auth-server-url`. */
  readonly 'server-url'?: string | undefined;
  /** The same as `auth-server-url`. */
  readonly serverUrl?: string | undefined;
  /** The same as `auth-server-url`. */
  readonly authServerUrl?: string | undefined;
  /** Turns off the login with the browser: a request without a token is refused. Default false. */
  readonly 'bearer-only'?: boolean | string | undefined;
  /** The same as `bearer-only`. */
  readonly bearerOnly?: boolean | string | undefined;
  /** The only key that may sign tokens, in base64 without header and footer. Default: the realm's current keys. */
  readonly 'realm-public-key'?: string | undefined;
  /** The same as `realm-public-key`. */
  readonly realmPublicKey?: string | undefined;
  /**
   * `true`: `aud` must name this client. `false`: a token for any client of the realm is accepted. Default: `aud` names this
   * client, or the token was issued to it (`azp`).
   */
  readonly 'verify-token-audience'?: boolean | string | undefined;
  /** The same as `verify-token-audience`. */
  readonly verifyTokenAudience?: boolean | string | undefined;
  /** Not used: keys are fetched at most every five seconds. */
  readonly 'min-time-between-jwks-requests'?: number | undefined;
  /** Not used, like `min-time-between-jwks-requests`. */
  readonly minTimeBetweenJwksRequests?: number | undefined;
  /** Paths, methods and scopes for `keycloak.pathEnforcer()`, as Keycloak's Java adapters read them. Default none. */
  readonly 'policy-enforcer'?: PolicyEnforcerConfig | undefined;
  /** Anything else in a `keycloak.json` is ignored. */
  readonly [name: string]: unknown;
}

/**
 * The settings of a `keycloak.json`, with one name for each.
 *
 * @param config with references resolved
 */
export function toAdapterSettings(config: KeycloakConfig) {
  const audience = config['verify-token-audience'] ?? config.verifyTokenAudience;
  return {
    realm: config.realm,
    clientId: config.resource || config['client-id'] || config.clientId,
    secret: config.credentials?.secret || config.secret || undefined,
    isPublic: toFlag(config['public-client'] || config.public || false),
    /** Keycloak's address, as written. */
    serverUrl: config['auth-server-url'] || config['server-url'] || config.serverUrl || config.authServerUrl,
    isBearerOnly: toFlag(config['bearer-only'] || config.bearerOnly || false),
    /** In base64, without header and footer. */
    publicKey: config['realm-public-key'] || config.realmPublicKey || undefined,
    // A variable that is not set says nothing.
    mustHaveAudience: audience === undefined || audience === '' ? undefined : Boolean(toFlag(audience)),
  };
}

/**
 * Reads a `keycloak.json`. References are not resolved yet.
 *
 * @throws {Error} if it cannot be read. The message quotes nothing of the file, which holds a secret
 */
export function readSettingsFile(path: string): KeycloakConfig {
  const text = readFileSync(path, 'utf8').replace(/^\uFEFF/, '');
  let settings: unknown;
  try {
    settings = JSON.parse(text);
  } catch {
    // The parser's message would quote the file.
    throw new Error(`${path} is not JSON`);
  }
  if (typeof settings === 'object' && settings !== null) return settings as KeycloakConfig;
  throw new Error(`${path} contains no settings`);
}

const REFERENCE = /\$\{env\.([^:}]+)(?::([^}]*))?\}/g;

/**
 * Replaces `${env.NAME}` and `${env.NAME:otherwise}` in strings, lists and plain objects. A variable that is not set is
 * empty.
 */
export function resolveReferences<T>(value: T): T;
export function resolveReferences(value: unknown): unknown {
  if (typeof value === 'string')
    return value.replace(REFERENCE, (_, name: string, otherwise = '') => environmentOf(name) || otherwise);
  if (Array.isArray(value)) return value.map((one) => resolveReferences(one));
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype)
    return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, resolveReferences(one)]));
}

/** Own properties only: `constructor` is not a variable. */
function environmentOf(name: string): string | undefined {
  return Object.hasOwn(process.env, name) ? process.env[name] : undefined;
}

/** An environment variable is a string: `'false'`. */
function toFlag(value: boolean | string): boolean | string {
  return value === 'true' ? true : value === 'false' || value === '' ? false : value;
}

/** Defines `owner.secret` so that neither JSON nor any way of printing `owner` shows it. */
export function hideSecret(owner: object, secret: string | undefined): void {
  Object.defineProperties(owner, {
    secret: { value: secret, writable: true, configurable: true },
    [inspect.custom]: { value: () => ({ ...owner }) },
  });
}

/**
 * The settings of an application, from a file or an object. Strings may name environment variables, `${env.NAME}` or
 * `${env.NAME:otherwise}`; a variable that is not set is empty.
 *
 * @example
 * const config = new Config({ realm: 'testing', 'auth-server-url': '${env.KEYCLOAK_URL:http://localhost:8080}', resource: 'my-app' });
 */
export class Config {
  /** Name of the realm. */
  realm: string | undefined;
  /** Client id of this application. */
  clientId: string | undefined;
  /** The client's secret. Printing the settings does not show it. */
  declare secret: string | undefined;
  /** Whether the client is a public one. */
  public: boolean | string;
  /** Keycloak's address, without a slash at the end. */
  authServerUrl: string;
  /** `<authServerUrl>/realms/<realm>`. */
  realmUrl: string;
  /** `<authServerUrl>/admin/realms/<realm>`. */
  realmAdminUrl: string;
  /** Not used: keys are fetched at most every five seconds. */
  minTimeBetweenJwksRequests: number;
  /** Whether login with the browser is off. */
  bearerOnly: boolean | string;
  /** The only key that may sign tokens, as PEM. `undefined`: the realm's current keys. */
  publicKey: string | undefined;
  /** Whether `aud` must name this client. `undefined` if not set; see {@link KeycloakConfig}. */
  verifyTokenAudience: boolean | undefined;
  /** The rules of `pathEnforcer`, by the name `policy-enforcer`. */
  policyEnforcer: PolicyEnforcerConfig | undefined;
  /** Scopes to ask for beside `openid`. */
  scope: string | undefined;
  /** Alias of the identity provider that Keycloak sends people on to. */
  idpHint: string | undefined;

  /**
   * @param config the settings, or the path of a file with them. Default: `keycloak.json` in the working directory
   * @throws {Error} if the file cannot be read
   */
  constructor(config?: KeycloakConfig | string) {
    const path = config || join(process.cwd(), 'keycloak.json');
    const settingsFile = resolveReferences({ ...(typeof path === 'string' ? readSettingsFile(path) : path) });
    const settings = toAdapterSettings(settingsFile);
    const { realm, secret } = settings;
    this.realm = realm;
    this.clientId = settings.clientId;
    hideSecret(this, secret);
    this.public = settings.isPublic;
    this.authServerUrl = withoutEndSlashes(settings.serverUrl ?? '');
    this.realmUrl = `${this.authServerUrl}/realms/${realm}`;
    this.realmAdminUrl = `${this.authServerUrl}/admin/realms/${realm}`;
    this.minTimeBetweenJwksRequests =
      settingsFile['min-time-between-jwks-requests'] || settingsFile.minTimeBetweenJwksRequests || 10;
    this.bearerOnly = settings.isBearerOnly;
    this.publicKey = toPem(settings.publicKey);
    this.verifyTokenAudience = settings.mustHaveAudience;
    this.policyEnforcer = settingsFile['policy-enforcer'];
  }

  /** The same as `clientId`: keycloak-connect's types promise it by this name. */
  get resource(): string | undefined {
    return this.clientId;
  }
}

function toPem(key: string | undefined): string | undefined {
  if (!key) return undefined;
  const lines = key.match(/.{1,64}/g) ?? [];
  return ['-----BEGIN PUBLIC KEY-----', ...lines, '-----END PUBLIC KEY-----'].join('\n');
}
