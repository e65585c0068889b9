import 'reflect-metadata';
import type { TestContext } from 'node:test';
import { type INestApplication, Module, type ModuleMetadata, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { KeycloakModule, type KeycloakModuleOptions } from '../../packages/guard/src/adapters/nest/index.ts';
import { createTestRealm, type TestRealm } from '../support/test-realm.ts';

export const PLATFORMS = ['express', 'fastify'] as const;
export type Platform = (typeof PLATFORMS)[number];

export function moduleOf(metadata: ModuleMetadata): Type {
  class AppModule {}
  Module(metadata)(AppModule);
  return AppModule;
}

export function createApp(platform: Platform, module: Type, more: object = {}): Promise<INestApplication> {
  const quiet = { logger: false, forceCloseConnections: true, abortOnError: false } as const;
  return platform === 'express'
    ? NestFactory.create(module, quiet)
    : NestFactory.create(module, new FastifyAdapter({ forceCloseConnections: true, ...more }), quiet);
}

interface Started {
  readonly realm: TestRealm;
  readonly app: INestApplication;
  readonly url: string;
  get(path: string, token?: string, init?: RequestInit): Promise<Response>;
}

/** An app of a user's on a socket, on a realm in memory. Ended with the test. */
export async function startApp(
  t: Pick<TestContext, 'after'>,
  metadata: ModuleMetadata,
  given: {
    readonly platform?: Platform;
    readonly realm?: TestRealm;
    readonly options?: Partial<KeycloakModuleOptions>;
    readonly prepare?: (app: INestApplication) => unknown;
  } = {},
): Promise<Started> {
  const { platform = 'express', realm = createTestRealm(), options, prepare } = given;
  const { serverUrl, realm: name, clientId, fetch, clock } = realm;
  const keycloak = KeycloakModule.forRoot({
    ...{ serverUrl, realm: name, clientId, fetch, clock, onNotice: false },
    ...(options as object),
  });
  const app = await createApp(
    platform,
    moduleOf({ ...metadata, imports: [keycloak, ...(metadata.imports ?? [])] }),
  );
  t.after(() => app.close());
  await prepare?.(app);
  await app.listen(0, '127.0.0.1');
  const url = await app.getUrl();
  return {
    realm,
    app,
    url,
    get: (path, token, init = {}) =>
      globalThis.fetch(`${url}${path}`, {
        ...init,
        redirect: 'manual',
        headers: { ...(token === undefined ? {} : { authorization: `Bearer ${token}` }), ...init.headers },
      }),
  };
}
