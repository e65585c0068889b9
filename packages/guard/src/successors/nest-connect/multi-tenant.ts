import type { VerifierOptions } from '../../core/index.ts';
import { createBoundedCache, getOrMake } from '../../core/internal.ts';
import { Keycloak } from '../connect/index.ts';
import type { KeycloakConnectConfig } from './options.ts';
import type { Settings } from './settings.ts';

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

/** The options of one realm: what the resolvers name, or else the settings. */
export async function toTenantOptions(
  { verifier, multiTenant }: Pick<Settings, 'verifier' | 'multiTenant'>,
  realm: string,
  request: unknown,
): Promise<Partial<VerifierOptions>> {
  const { realmSecretResolver, realmAuthServerUrlResolver, realmClientIdResolver } = multiTenant ?? {};
  return {
    ...verifier,
    realm,
    clientSecret: (await realmSecretResolver?.(realm, request)) ?? verifier.clientSecret,
    serverUrl: (await realmAuthServerUrlResolver?.(realm, request)) ?? verifier.serverUrl,
    clientId: (await realmClientIdResolver?.(realm, request)) ?? verifier.clientId,
  } as Partial<VerifierOptions>;
}

/** What the guards and services of an application inject by nest-keycloak-connect's tokens. */
export interface ForApplication {
  /** `null` if only resolvers name realm, address or client. */
  readonly instance: Keycloak | null;
  /** The settings, without the secret. */
  readonly options: Readonly<KeycloakConnectConfig>;
  readonly multiTenant: KeycloakMultiTenantService;
}

export function createForApplication(settings: Settings): ForApplication {
  const { verifier, shown } = settings;
  return {
    instance: isComplete(verifier) ? toKeycloak(verifier) : null,
    options: shown,
    multiTenant: new KeycloakMultiTenantService(settings),
  };
}

const isComplete = ({ realm, serverUrl, clientId }: Settings['verifier']): boolean =>
  [realm, serverUrl, clientId].every(Boolean);
