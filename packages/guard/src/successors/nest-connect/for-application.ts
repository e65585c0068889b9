import type { Keycloak } from '../connect/index.ts';
import { KeycloakMultiTenantService, toKeycloak } from './multi-tenant.ts';
import type { KeycloakConnectConfig } from './options.ts';
import type { Settings } from './settings.ts';

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
