import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What `keycloak.json` holds, or an object instead of it. Each setting also by its other names. */
export interface KeycloakConfig {
  readonly realm?: string | undefined;
  /** Client id of this application; also `client-id`, `clientId`. */
  readonly resource?: string | undefined;
  readonly 'client-id'?: string | undefined;
  readonly clientId?: string | undefined;
  /** The client's secret; also `secret`. */
  readonly credentials?:
    | { readonly secret?: string | undefined; readonly [name: string]: unknown }
    | undefined;
  readonly secret?: string | undefined;
  /** The client is a public one. Default false. Also `public`. */
  readonly 'public-client'?: boolean | string | undefined;
  readonly public?: boolean | string | undefined;
  /** Keycloak's address; also `server-url`, `serverUrl`, `authServerUrl`. */
  readonly 'auth-server-url'?: string | undefined;
  readonly 'server-url'?: string | undefined;
  readonly serverUrl?: string | undefined;
  readonly authServerUrl?: string | undefined;
  /** No login with the browser: who has no token is refused. Default false. Also `bearerOnly`. */
  readonly 'bearer-only'?: boolean | string | undefined;
  readonly bearerOnly?: boolean | string | undefined;
  /** The one key that may sign tokens (base64, without header and footer). Default: the keys of the realm. */
  readonly 'realm-public-key'?: string | undefined;
  readonly realmPublicKey?: string | undefined;
  /**
   * `true`: `aud` must have this client. `false`: a token for any client of the realm is taken. Default: `aud` has this
   * client, or the token was issued to it (`azp`). Also `verifyTokenAudience`.
   */
  readonly 'verify-token-audience'?: boolean | string | undefined;
  readonly verifyTokenAudience?: boolean | string | undefined;
  /** Not used: keys are fetched at most every five seconds. */
  readonly 'min-time-between-jwks-requests'?: number | undefined;
  readonly minTimeBetweenJwksRequests?: number | undefined;
  /** Whatever else stands in a `keycloak.json` is not read. */
  readonly [name: string]: unknown;
}

/**
 * The settings of an application, from a file or an object. Texts may name environment variables: `${env.NAME}`, or
 * `${env.NAME:otherwise}`; what is not set is empty.
 *
 * @example
 * new Config({ realm: 'testing', 'auth-server-url': '${env.KEYCLOAK_URL:http://localhost:8080}', resource: 'my-app' });
 */
export class Config {
  realm: string | undefined;
  clientId: string | undefined;
  /** Not enumerable: whoever prints the settings does not print it. */
  declare secret: string | undefined;
  public: boolean | string;
  /** Without a slash at the end. */
  authServerUrl: string;
  realmUrl: string;
  realmAdminUrl: string;
  minTimeBetweenJwksRequests: number;
  bearerOnly: boolean | string;
  /** As PEM. */
  publicKey: string | undefined;
  /** `undefined` where nothing was set. */
  verifyTokenAudience: boolean | undefined;
  scope: string | undefined;
  idpHint: string | undefined;

  /** @param config the settings, or the path of a file that has them. Default: `keycloak.json` in the working directory */
  constructor(config?: KeycloakConfig | string) {
    const path = config || join(process.cwd(), 'keycloak.json');
    const given = typeof path === 'string' ? readSettings(path) : path;
    this.realm = resolveText(given.realm);
    this.clientId = resolveText(given.resource || given['client-id'] || given.clientId);
    const secret = resolveText(given.credentials?.secret || given.secret);
    Object.defineProperty(this, 'secret', { value: secret, writable: true, configurable: true });
    this.public = toFlag(given['public-client'] || given.public || false);
    const url = given['auth-server-url'] || given['server-url'] || given.serverUrl || given.authServerUrl;
    this.authServerUrl = (resolveText(url) ?? '').replace(/\/+$/, '');
    this.realmUrl = `${this.authServerUrl}/realms/${this.realm}`;
    this.realmAdminUrl = `${this.authServerUrl}/admin/realms/${this.realm}`;
    this.minTimeBetweenJwksRequests =
      given['min-time-between-jwks-requests'] || given.minTimeBetweenJwksRequests || 10;
    this.bearerOnly = toFlag(given['bearer-only'] || given.bearerOnly || false);
    this.publicKey = toPem(resolveText(given['realm-public-key'] || given.realmPublicKey));
    const audience = given['verify-token-audience'] ?? given.verifyTokenAudience;
    this.verifyTokenAudience = audience === undefined ? undefined : Boolean(toFlag(audience));
  }
}

function readSettings(path: string): KeycloakConfig {
  return JSON.parse(readFileSync(path, 'utf8')) as KeycloakConfig;
}

const REFERENCE = /\$\{env\.([^:}]+)(?::([^}]*))?\}/g;

/** What is no text stays as it is. */
function resolveText<T>(value: T): T {
  if (typeof value !== 'string') return value;
  return value.replace(REFERENCE, (_, name: string, otherwise = '') => process.env[name] || otherwise) as T &
    string;
}

/** `'false'` is what an environment variable says. */
function toFlag(value: boolean | string): boolean | string {
  const resolved = resolveText(value);
  return resolved === 'true' ? true : resolved === 'false' || resolved === '' ? false : resolved;
}

function toPem(key: string | undefined): string | undefined {
  if (!key) return undefined;
  const lines = key.match(/.{1,64}/g) ?? [];
  return ['-----BEGIN PUBLIC KEY-----', ...lines, '-----END PUBLIC KEY-----'].join('\n');
}
