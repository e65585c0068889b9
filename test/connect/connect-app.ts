import { once } from 'node:events';
import type { Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { after, type TestContext } from 'node:test';
import express5, { type Express } from 'express';
import session, { type MemoryStore } from 'express-session';
import { Keycloak, type KeycloakConfig, type KeycloakOptions } from '../../packages/connect/src/index.ts';
import type { DevIdp } from '../../packages/testing/src/index.ts';
import { startTestIdp } from '../support/dev-idp.ts';

const require = createRequire(import.meta.url);

/** keycloak-connect, or what takes its place. */
export type Make = 'original' | 'drop-in';

export const CLIENT = 'fastapi-keycloak';
export const SECRET = 'for-development-only';

/** Typed as the drop-in: what a test calls, both have. */
export function constructorOf(make: Make): typeof Keycloak {
  return make === 'original' ? (require('keycloak-connect') as typeof Keycloak) : Keycloak;
}

interface Given {
  readonly idp?: DevIdp;
  readonly make?: Make;
  readonly express?: 4 | 5;
  readonly store?: MemoryStore;
  readonly options?: Partial<KeycloakOptions>;
  readonly config?: KeycloakConfig;
  /** Without sessions and without a login page. */
  readonly bearerOnly?: boolean;
  readonly serverUrl?: string;
  routes(app: Express, keycloak: Keycloak): void;
}

export interface ConnectApp {
  readonly url: string;
  readonly idp: DevIdp;
  readonly keycloak: Keycloak;
  readonly store: MemoryStore;
}

/** An application of Express that listens, with its provider. Ended with the test. */
export async function startApp(t: TestContext, given: Given): Promise<ConnectApp> {
  const idp = given.idp ?? (await sharedIdp());
  const { make = 'drop-in', store = new session.MemoryStore(), bearerOnly = false } = given;
  const express = (given.express === 4 ? require('express4') : express5) as typeof express5;
  const app = express();
  if (!bearerOnly && given.options?.cookies !== true) {
    app.use(session({ secret: 'for tests alone', resave: false, saveUninitialized: false, store }));
  }
  // The original reads cookies from where cookie-parser puts them.
  app.use((request, _response, next) => {
    const pairs = (request.headers.cookie ?? '').split('; ').map((pair) => pair.split('='));
    request.cookies = Object.fromEntries(
      pairs.map(([name, value = '']) => [name, decodeURIComponent(value)]),
    );
    next();
  });
  const keycloak = new (constructorOf(make))(
    { ...(bearerOnly || given.options?.cookies ? {} : { store }), ...given.options },
    {
      realm: 'testing',
      'auth-server-url': given.serverUrl ?? idp.url,
      resource: CLIENT,
      credentials: { secret: SECRET },
      'bearer-only': bearerOnly,
      ...given.config,
    },
  );
  app.use(keycloak.middleware());
  given.routes(app, keycloak);
  // Express's own would print each error.
  app.use(((error, _request, response, _next) => {
    response.status(error.statusCode ?? 500).send(String(error.message));
  }) as import('express').ErrorRequestHandler);
  const server: Server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://localhost:${(server.address() as AddressInfo).port}`, idp, keycloak, store };
}

/** The embedded provider; its client takes every address of this machine. */
async function start(): Promise<DevIdp> {
  const idp = await startTestIdp();
  idp.updateClient(CLIENT, { redirectUris: ['*'] });
  return idp;
}

let shared: Promise<DevIdp> | undefined;
after(async () => (await shared)?.close());

/** One for all tests of a process that change nothing of it. */
export function sharedIdp(): Promise<DevIdp> {
  shared ??= start();
  return shared;
}

/** One of its own, for a test that changes it. */
export async function startIdp(t: TestContext): Promise<DevIdp> {
  const idp = await start();
  t.after(() => idp.close());
  return idp;
}

export async function tokenOf(idp: DevIdp, username = 'abdullah', clientId = CLIENT): Promise<string> {
  return idp.issueToken({ username, clientId });
}

export const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });

/** A token by the token endpoint, as Keycloak would sign it. */
export async function logIn(serverUrl: string, username = 'abdullah'): Promise<string> {
  const answer = await fetch(`${serverUrl}/realms/testing/protocol/openid-connect/token`, {
    method: 'POST',
    body: new URLSearchParams({
      ...{ grant_type: 'password', client_id: CLIENT, client_secret: SECRET, scope: 'openid' },
      ...{ username, password: 'Test#123456' },
    }),
  });
  return ((await answer.json()) as { access_token: string }).access_token;
}
