import { join } from 'node:path';
import { readSettingsFile, resolveReferences, toAdapterSettings } from './adapter-settings.ts';
import type { KeycloakConfig } from './keycloak-config.ts';

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
    const given = resolveReferences({ ...(typeof path === 'string' ? readSettingsFile(path) : path) });
    const settings = toAdapterSettings(given);
    const { realm, secret } = settings;
    this.realm = realm;
    this.clientId = settings.clientId;
    Object.defineProperty(this, 'secret', { value: secret, writable: true, configurable: true });
    this.public = settings.isPublic;
    this.authServerUrl = (settings.serverUrl ?? '').replace(/\/+$/, '');
    this.realmUrl = `${this.authServerUrl}/realms/${realm}`;
    this.realmAdminUrl = `${this.authServerUrl}/admin/realms/${realm}`;
    this.minTimeBetweenJwksRequests =
      given['min-time-between-jwks-requests'] || given.minTimeBetweenJwksRequests || 10;
    this.bearerOnly = settings.isBearerOnly;
    this.publicKey = toPem(settings.publicKey);
    this.verifyTokenAudience = settings.mustHaveAudience;
  }
}

function toPem(key: string | undefined): string | undefined {
  if (!key) return undefined;
  const lines = key.match(/.{1,64}/g) ?? [];
  return ['-----BEGIN PUBLIC KEY-----', ...lines, '-----END PUBLIC KEY-----'].join('\n');
}
