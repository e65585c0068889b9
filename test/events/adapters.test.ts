import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fastify } from 'fastify';
import { keycloak as express } from '../../packages/guard/src/adapters/express/index.ts';
import { keycloakEvents, keycloakGuard } from '../../packages/guard/src/adapters/fastify/index.ts';
import { keycloak as fetchKeycloak } from '../../packages/guard/src/adapters/fetch/index.ts';
import { keycloak as hapi } from '../../packages/guard/src/adapters/hapi/index.ts';
import { keycloak as hono } from '../../packages/guard/src/adapters/hono/index.ts';
import { keycloak as koa } from '../../packages/guard/src/adapters/koa/index.ts';
import { KeycloakService } from '../../packages/guard/src/adapters/nest/index.ts';
import { keycloak as node } from '../../packages/guard/src/adapters/node/index.ts';
import { AuthError, combineVerifiers, createVerifier } from '../../packages/guard/src/core/index.ts';
import type { KeycloakEvents } from '../../packages/guard/src/events/index.ts';
import { startTestIdp } from '../support/dev-idp.ts';
import { readEventsRealm } from '../support/events-realm.ts';
import { eventually } from '../support/eventually.ts';
import { createMemoryCursor } from './following.ts';

interface Options {
  readonly serverUrl: string;
  readonly realm: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly onNotice: false;
}
interface Followed {
  readonly verifier: { verify(token: string): unknown };
  events(options?: object): KeycloakEvents;
  close?(): Promise<void>;
}

const ADAPTERS: Readonly<Record<string, (options: Options) => Followed>> = {
  ...{ express, hapi, hono, koa, node },
  fetch: fetchKeycloak,
  'fetch, with options that come late': (options) => fetchKeycloak(() => options),
  nest: (options) => new KeycloakService({ ...options }),
};

for (const [name, make] of Object.entries(ADAPTERS)) {
  test(`${name}: a disabled user is refused within two seconds`, async (t) => {
    const idp = await startTestIdp({ realm: readEventsRealm() });
    t.after(() => idp.close());
    const options = { serverUrl: idp.url, realm: 'testing', clientId: 'fastapi-keycloak' };
    const kc = make({ ...options, clientSecret: 'for-development-only', onNotice: false });
    const news = kc.events({ pollMs: 200 });
    t.after(() => news.close());
    assert.throws(() => kc.events(), /was called before/);
    news.onUser({});
    assert.throws(() => news.onUser({}), /events: onUser was called before/);
    const answer = await fetch(`${idp.issuer}/protocol/openid-connect/token`, {
      method: 'POST',
      body: new URLSearchParams({
        ...{ grant_type: 'password', username: 'abdullah', password: 'Test#123456', scope: 'openid' },
        ...{ client_id: 'fastapi-keycloak', client_secret: 'for-development-only' },
      }),
    });
    const { access_token: token } = (await answer.json()) as { access_token: string };
    await kc.verifier.verify(token);
    assert.ok(news.status().isHealthy, 'a token waits until events are heard');
    const begin = performance.now();
    idp.disableUser('abdullah');
    await eventually('it is refused', async () => {
      try {
        await kc.verifier.verify(token);
        return false;
      } catch (error) {
        return error instanceof AuthError && error.code === 'token_revoked';
      }
    });
    assert.ok(performance.now() - begin < 15_000);
  });
}

const HERE = { serverUrl: 'http://127.0.0.1:9', realm: 'testing', onNotice: false } as const;

test('events need a credential, and right options: it is told when they are asked for', () => {
  const bare = express({ ...HERE, clientId: 'api' });
  assert.throws(() => bare.events(), { name: 'OptionsError', message: /credential/ });
  const kc = express({ ...HERE, clientId: 'api', clientSecret: 'x' });
  assert.throws(() => kc.events({ pollMs: 5 }), { name: 'OptionsError', message: /pollMs/ });
  assert.throws(() => kc.events({ cursor: {} as never }), { name: 'OptionsError', message: /cursor/ });
});

test('of several realms, each has a position of its own', () => {
  const members = ['staff', 'customers'].map((realm) =>
    createVerifier({
      ...{ ...HERE, realm, clientId: 'api', clientSecret: 'x' },
      issuer: `${HERE.serverUrl}/realms/${realm}`,
    }),
  );
  const kc = express({ verifier: combineVerifiers(members) });
  assert.throws(() => kc.events({ cursor: createMemoryCursor() }), {
    name: 'OptionsError',
    message: /cursor/,
  });
});

test('fastify: a plugin follows events, and ends with the app', async () => {
  const idp = await startTestIdp({ realm: readEventsRealm() });
  const app = fastify();
  const options = { serverUrl: idp.url, realm: 'testing', clientId: 'fastapi-keycloak' };
  await app.register(keycloakGuard, { ...options, clientSecret: 'for-development-only', onNotice: false });
  await app.register(keycloakEvents, { pollMs: 200 });
  const told: string[] = [];
  app.keycloakEvents.onUser({ disabled: ({ by }) => told.push(by) });
  await app.keycloakEvents.ready;
  await eventually('its position is known', () => app.keycloakEvents.status().calls > 6);
  idp.disableUser('abdullah');
  await eventually('it is told', () => told.length > 0);
  assert.deepEqual(told, ['admin']);
  await app.close();
  const { calls } = app.keycloakEvents.status();
  await idp.close();
  assert.equal(app.keycloakEvents.status().calls, calls);
});
