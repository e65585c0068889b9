import type { VerifierOptions } from '../../core/index.ts';
import { createBoundedCache, getOrMake } from '../../core/internal.ts';
import { Keycloak } from '../connect/index.ts';
import type { Settings } from './settings.ts';
import { toTenantOptions } from './tenant-options.ts';

/** Bounds the instances in memory, as the tenants of the guards are bounded. */
const MOST_INSTANCES = 100;

/**
 * The `Keycloak` of each realm, for code of the application. The guards do not use it.
 *
 * @example
 * const managerOf = async (tenants: KeycloakMultiTenantService) => (await tenants.get('my-realm')).grantManager;
 */
export class KeycloakMultiTenantService {
  readonly #settings: Settings;
  #instances = createBoundedCache<Keycloak>(MOST_INSTANCES);

  /** `KeycloakConnectModule` makes it. */
  constructor(settings: Settings) {
    this.#settings = settings;
  }

  /** Forgets every instance. */
  clear(): void {
    this.#instances = createBoundedCache(MOST_INSTANCES);
  }

  /** The instance of a realm. @throws {Error} rejects without `multiTenant` in the settings, or for a wrong setting */
  async get(realm: string, request?: unknown): Promise<Keycloak> {
    const options = await this.#resolve(realm, request);
    const { serverUrl, clientId, clientSecret } = options;
    const key = JSON.stringify([serverUrl, realm, clientId, clientSecret]);
    return getOrMake(this.#instances, key, () => toKeycloak(options));
  }

  /** Keycloak's address for a realm. */
  async resolveAuthServerUrl(realm: string, request?: unknown): Promise<string | undefined> {
    return (await this.#resolve(realm, request)).serverUrl;
  }

  /** The client id for a realm. */
  async resolveClientId(realm: string, request?: unknown): Promise<string | undefined> {
    return (await this.#resolve(realm, request)).clientId;
  }

  /** The secret of the client for a realm. */
  async resolveSecret(realm: string, request?: unknown): Promise<string | undefined> {
    return (await this.#resolve(realm, request)).clientSecret;
  }

  async #resolve(realm: string, request: unknown): Promise<Partial<VerifierOptions>> {
    if (this.#settings.multiTenant === undefined) throw new Error('The settings have no multiTenant');
    return toTenantOptions(this.#settings, realm, request);
  }
}

/** A `Keycloak` without sessions. It makes its engine at first use. @throws {OptionsError} */
export function toKeycloak({
  serverUrl,
  realm,
  clientId,
  clientSecret,
  tokenCheck,
}: Partial<VerifierOptions>): Keycloak {
  const credentials = clientSecret === undefined ? {} : { credentials: { secret: clientSecret } };
  return new Keycloak(
    { tokenCheck },
    { realm, resource: clientId, 'auth-server-url': serverUrl, 'bearer-only': true, ...credentials },
  );
}
