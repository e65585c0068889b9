import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { fastify } from 'fastify';
import { keycloakEvents, keycloakGuard } from '../../packages/guard/src/adapters/fastify/index.ts';
import { keycloak } from '../../packages/guard/src/adapters/fetch/index.ts';
import type { Notice } from '../../packages/guard/src/core/index.ts';
import type { DevIdpOptions } from '../../packages/testing/src/index.ts';
import { startTestIdp } from '../support/dev-idp.ts';
import { readEventsRealm } from '../support/events-realm.ts';
import { eventually } from '../support/eventually.ts';
import { createMemoryCursor } from './following.ts';

const TENANTS = ['acme', 'globex'] as const;
type TenantName = (typeof TENANTS)[number];

/** Two realms with the same people, and an API for both. */
async function start(t: TestContext, more: object = {}) {
  const realmOf = (realm: string) =>
    ({ ...readEventsRealm(), realm }) as NonNullable<DevIdpOptions['realm']> & object;
  const idp = await startTestIdp({ realm: realmOf('acme') as never });
  t.after(() => idp.close());
  const realms = { acme: idp.inRealm('acme'), globex: idp.addRealm(realmOf('globex') as never) };
  /** Looks at a realm's events. */
  const looks = { acme: 0, globex: 0 };
  const notices: Notice[] = [];
  const kc = keycloak({
    ...{ serverUrl: idp.url, clientId: 'fastapi-keycloak', clientSecret: 'for-development-only' },
    tenants: { of: ({ hostname }) => hostname, get: (realm) => ({ realm }) },
    fetch: (input, init) => {
      for (const name of TENANTS) if (String(input).includes(`/admin/realms/${name}/`)) looks[name]++;
      return fetch(input, init);
    },
    onNotice: (notice) => notices.push(notice),
    ...more,
  });
  t.after(() => kc.close());
  const signIn = async (realm: TenantName) => {
    const answer = await fetch(`${idp.url}/realms/${realm}/protocol/openid-connect/token`, {
      method: 'POST',
      body: new URLSearchParams({
        ...{ grant_type: 'password', username: 'abdullah', password: 'Test#123456', scope: 'openid' },
        ...{ client_id: 'fastapi-keycloak', client_secret: 'for-development-only' },
      }),
    });
    return ((await answer.json()) as { access_token: string }).access_token;
  };
  /** The status with which the API answers. */
  const ask = async (tenant: TenantName, token: string) => {
    const found = await kc.decide(
      new Request(`http://${tenant}/`, { headers: { authorization: `Bearer ${token}` } }),
    );
    return found instanceof Response ? found.status : 200;
  };
  return { kc, realms, looks, notices, signIn, ask };
}

test('a disabled user is out at their tenant, sooner than a token is asked about, and nobody else is', async (t) => {
  const { kc, realms, signIn, ask } = await start(t);
  const news = kc.events({ pollMs: 200 });
  const [ours, theirs] = [await signIn('acme'), await signIn('globex')];
  assert.deepEqual([await ask('acme', ours), await ask('globex', theirs)], [200, 200]);
  await news.ready;
  await eventually('both are followed', () => news.status().isHealthy && news.status().calls > 6);
  const begin = performance.now();
  realms.acme.disableUser('abdullah');
  await eventually('it is refused', async () => (await ask('acme', ours)) === 401);
  assert.ok(performance.now() - begin < 15_000);
  assert.equal(await ask('globex', theirs), 200);
});

test('no more are followed than the options say; who leaves memory makes room for the next', async (t) => {
  const { kc, looks, signIn, ask } = await start(t, { maxTenants: 1 });
  const news = kc.events({ maxFollowed: 1, pollMs: 200 });
  const [ours, theirs] = [await signIn('acme'), await signIn('globex')];
  assert.equal(await ask('acme', ours), 200);
  await news.ready;
  // It pushes the other one out.
  assert.equal(await ask('globex', theirs), 200);
  await eventually('the next one is followed', () => looks.globex > 3);
  const before = looks.acme;
  await eventually('it is still followed', () => looks.globex > 8);
  assert.equal(looks.acme, before);
});

test('beyond that, a tenant is as without events; so is each when following was closed, though there is room', async (t) => {
  const { kc, looks, signIn, ask } = await start(t, { maxTenants: 2 });
  const news = kc.events({ maxFollowed: 1, pollMs: 200 });
  assert.equal(await ask('acme', await signIn('acme')), 200);
  await news.ready;
  assert.equal(await ask('globex', await signIn('globex')), 200);
  const before = looks.acme;
  await eventually('the first is followed on', () => looks.acme > before + 4);
  assert.equal(looks.globex, 0);
  await news.close();
  const after = looks.acme;
  // It pushes the first out.
  assert.equal(await ask('initech' as never, 'x'), 401);
  await new Promise((resolve) => setTimeout(resolve, 500));
  assert.deepEqual(looks, { acme: after, globex: 0 }, 'closed');
});

test('a tenant without a credential is told once, and its tokens are taken', async (t) => {
  const { kc, notices, signIn, ask, looks } = await start(t, { clientSecret: undefined });
  const news = kc.events({ pollMs: 200 });
  const token = await signIn('acme');
  for (let i = 0; i < 2; i++) assert.equal(await ask('acme', token), 200);
  await eventually('it is told', () => notices.some(({ code }) => code === 'events_lost'));
  assert.equal(notices.filter(({ code }) => code === 'events_lost').length, 1);
  assert.deepEqual([news.status().isHealthy, looks.acme], [false, 0]);
});

test('what needs every tenant, used or not, is refused', async (t) => {
  const { kc } = await start(t);
  assert.throws(() => kc.events({ cursor: createMemoryCursor() }), {
    name: 'OptionsError',
    message: /cursor/,
  });
  assert.throws(() => kc.events({ maxFollowed: 0 }), { name: 'OptionsError', message: /maxFollowed/ });
  const news = kc.events();
  assert.throws(() => kc.events(), /was called before/);
  assert.throws(() => news.onUser({}), { name: 'OptionsError', message: /startEvents/ });
});

test('Fastify’s plugin follows tenants, too', async (t) => {
  const app = fastify();
  t.after(() => app.close());
  await app.register(keycloakGuard, {
    ...{ serverUrl: 'http://127.0.0.1:9', clientId: 'api', clientSecret: 'x' },
    tenants: { of: ({ hostname }) => hostname, get: (realm) => ({ realm }) },
  });
  await app.register(keycloakEvents, { maxFollowed: 5 });
  assert.equal(app.keycloakEvents.status().isHealthy, false);
});
