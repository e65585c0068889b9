import { type FactoryProvider, Logger } from '@nestjs/common';
import {
  KEYCLOAK_CONNECT_OPTIONS,
  KEYCLOAK_INSTANCE,
  KEYCLOAK_LOGGER,
  KEYCLOAK_MULTITENANT_SERVICE,
} from './constants.ts';
import type { ForApplication } from './for-application.ts';
import { KeycloakMultiTenantService } from './multi-tenant.ts';
import { KeycloakConnectService } from './service.ts';

const provide = (
  token: FactoryProvider['provide'],
  pick: (one: ForApplication) => unknown,
): FactoryProvider => ({
  provide: token,
  inject: [KeycloakConnectService],
  useFactory: ({ forApplication }: KeycloakConnectService) => pick(forApplication),
});

/** The providers of nest-keycloak-connect's injection tokens. */
export const FOR_APPLICATION: FactoryProvider[] = [
  provide(KEYCLOAK_INSTANCE, ({ instance }) => instance),
  provide(KEYCLOAK_CONNECT_OPTIONS, ({ options }) => options),
  provide(KEYCLOAK_MULTITENANT_SERVICE, ({ multiTenant }) => multiTenant),
  provide(KeycloakMultiTenantService, ({ multiTenant }) => multiTenant),
  { provide: KEYCLOAK_LOGGER, useFactory: () => new Logger('Keycloak') },
];
