import type { Writable } from 'node:stream';
import type { TestContext } from 'node:test';
import Fastify, { type FastifyInstance } from 'fastify';
import {
  type KeycloakGuardOptions,
  type KeycloakSessionOptions,
  keycloakGuard,
  keycloakSession,
} from '../../packages/guard/src/adapters/fastify/index.ts';
import { createClient, type KeycloakClient } from '../../packages/guard/src/client/index.ts';
import { SECRET, startIdp } from '../support/dev-idp.ts';
import { ORIGIN } from './browser.ts';

export type TestIdp = Awaited<ReturnType<typeof startIdp>>;

interface Given {
  /** Default: a new one. */
  readonly idp?: TestIdp;
  readonly clock?: () => number;
  /** Where the app writes its log. Default: it has none. */
  readonly log?: Writable;
  /** Default `fastapi-keycloak`. */
  readonly clientId?: string;
  readonly clientSecret?: string;
  readonly client?: (client: KeycloakClient) => Partial<KeycloakClient>;
  readonly keycloak?: Partial<KeycloakGuardOptions>;
  readonly session?: Partial<Omit<KeycloakSessionOptions, 'prefix'>>;
  /** Called before the session plugin, with the guard in place. */
  readonly before?: (app: FastifyInstance) => unknown;
}

/** An app of a user of the library: `/protected` and `/optional` are guarded. Ended with the test. */
export async function buildSessionApp(t: TestContext, given: Given = {}) {
  const idp = given.idp ?? (await startIdp(t));
  const { clock, clientId = 'fastapi-keycloak' } = given;
  const keycloak = { serverUrl: idp.url, realm: 'testing', clientId };
  const client = createClient({ ...keycloak, clientSecret: given.clientSecret ?? SECRET });
  const app = Fastify(given.log && { logger: { stream: given.log } });
  t.after(() => app.close());
  await given.before?.(app);
  await app.register(keycloakGuard, {
    ...{ ...keycloak, tokenCheck: 'local', ...(clock && { clock }) },
    ...given.keycloak,
  });
  await app.register(keycloakSession, {
    client: { ...client, ...given.client?.(client) },
    secret: 'b7f3c1d95e0a4826b7f3c1d95e0a4826',
    publicUrl: ORIGIN,
    ...(clock && { clock }),
    ...given.session,
  });
  app.get('/protected', { onRequest: app.guard() }, (request) => request.principal?.username);
  app.get(
    '/optional',
    { onRequest: app.guard({ optional: true }) },
    (request) => request.principal?.username ?? 'nobody',
  );
  return { app, idp };
}
