import type { TestContext } from 'node:test';
import type { INestApplication, ModuleMetadata } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import {
  AuthGuard,
  type KeycloakConnectConfig,
  KeycloakConnectModule,
  ResourceGuard,
  RoleGuard,
} from '../../../packages/connect/src/nest/index.ts';
import { createApp, moduleOf, type Platform } from '../../nest/start-app.ts';
import { createTestRealm, type TestRealm } from '../../support/test-realm.ts';

/** The three guards, in the order in which the documents of nest-keycloak-connect have them. */
export const GUARDS = [AuthGuard, ResourceGuard, RoleGuard].map((useClass) => ({
  provide: APP_GUARD,
  useClass,
}));

interface Given {
  readonly platform?: Platform;
  readonly realm?: TestRealm;
  readonly config?: KeycloakConnectConfig;
  readonly prepare?: (app: INestApplication) => unknown;
}

export function configFor(realm: TestRealm, more: KeycloakConnectConfig = {}): KeycloakConnectConfig {
  return {
    ...{ authServerUrl: realm.serverUrl, realm: realm.realm, clientId: realm.clientId },
    ...more,
    verifier: { fetch: realm.fetch, clock: realm.clock, onNotice: false, ...more.verifier },
  };
}

/** An app with the drop-in on a socket, on a realm in memory. Ended with the test. */
export async function startConnectApp(t: TestContext, metadata: ModuleMetadata, given: Given = {}) {
  const { platform = 'express', realm = createTestRealm(), config, prepare } = given;
  const app = await createApp(
    platform,
    moduleOf({
      ...metadata,
      imports: [KeycloakConnectModule.register(configFor(realm, config)), ...(metadata.imports ?? [])],
    }),
  );
  t.after(() => app.close());
  await prepare?.(app);
  await app.listen(0, '127.0.0.1');
  const url = await app.getUrl();
  return {
    realm,
    app,
    url,
    get: (path: string, token?: string, init: RequestInit = {}) =>
      fetch(`${url}${path}`, {
        ...init,
        headers: { ...(token === undefined ? {} : { authorization: `Bearer ${token}` }), ...init.headers },
      }),
  };
}
