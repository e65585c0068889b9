import { join } from 'node:path';
import { readSettingsFile, resolveReferences, toAdapterSettings } from './adapter-settings.ts';
import type { PolicyEnforcerConfig } from './enforcer-config.ts';
import { hideSecret } from './hidden-secret.ts';
import type { KeycloakConfig } from './keycloak-config.ts';

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
  /** What `pathEnforcer` enforces, by the name `policy-enforcer`. */
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
    const given = resolveReferences({ ...(typeof path === 'string' ? readSettingsFile(path) : path) });
    const settings = toAdapterSettings(given);
    const { realm, secret } = settings;
    this.realm = realm;
    this.clientId = settings.clientId;
    hideSecret(this, secret);
    this.public = settings.isPublic;
    this.authServerUrl = (settings.serverUrl ?? '').replace(/\/+$/, '');
    this.realmUrl = `${this.authServerUrl}/realms/${realm}`;
    this.realmAdminUrl = `${this.authServerUrl}/admin/realms/${realm}`;
    this.minTimeBetweenJwksRequests =
      given['min-time-between-jwks-requests'] || given.minTimeBetweenJwksRequests || 10;
    this.bearerOnly = settings.isBearerOnly;
    this.publicKey = toPem(settings.publicKey);
    this.verifyTokenAudience = settings.mustHaveAudience;
    this.policyEnforcer = given['policy-enforcer'];
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
