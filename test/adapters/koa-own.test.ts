import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { type TestContext, test } from 'node:test';
import Router from '@koa/router';
import Koa from 'koa';
import { keycloak } from '../../packages/guard/src/adapters/koa/index.ts';
import { isAuthError, type Principal } from '../../packages/guard/src/core/index.ts';
import { plainFetch } from '../../packages/testing/src/sign-in.ts';
import { createTestRealm } from '../support/test-realm.ts';
import { listen } from './listen.ts';

async function setUp(t: TestContext, build: (app: Koa, kc: ReturnType<typeof keycloak>) => void) {
  const realm = createTestRealm();
  const { serverUrl, realm: name, clientId, fetch, clock } = realm;
  const kc = keycloak({ serverUrl, realm: name, clientId, fetch, clock, onNotice: false });
  const app = new Koa();
  build(app, kc);
  const { url, close } = await listen(createServer(app.callback()), () => kc.close());
  t.after(close);
  const get = (headers: Record<string, string> = {}) => plainFetch(url, { headers });
  return { realm, url, get };
}

test('a refusal is thrown as Koa throws errors: with status, expose and headers, for middleware in front', async (t) => {
  const caught: unknown[] = [];
  const { get } = await setUp(t, (app, kc) => {
    app.use(async (_ctx, next) => {
      await next().catch((error) => {
        caught.push([isAuthError(error), error.status, error.expose, error.headers['www-authenticate']]);
        throw error;
      });
    });
    app.use(kc.guard());
  });
  const answer = await get();
  assert.deepEqual(caught, [[true, 401, true, 'Bearer']]);
  assert.deepEqual([answer.status, await answer.text()], [401, '{"detail":"Not authenticated"}']);
});

test('the app is told of refusals by its error event, prints none, and of other errors as ever', async (t) => {
  const told: unknown[] = [];
  const { realm, get } = await setUp(t, (app, kc) => {
    app.on('error', (error) => told.push(error.code ?? error.message));
    app.use(async (ctx, next) => {
      ctx.set('x-set-before', 'stays');
      await next();
    });
    app.use(kc.guard());
    app.use(() => {
      throw new Error('a fault of the handler');
    });
  });
  const refused = await get();
  assert.deepEqual([refused.status, refused.headers.get('x-set-before')], [401, 'stays']);
  const failed = await get({ authorization: `Bearer ${realm.mint()}` });
  assert.deepEqual([failed.status, await failed.text()], [500, 'Internal Server Error']);
  assert.deepEqual(told, ['missing_token', 'a fault of the handler']);
});

test('the principal has its type in ctx.state', async (t) => {
  const { realm, get } = await setUp(t, (app, kc) => {
    const router = new Router();
    router.get('/', kc.guard(), (ctx) => {
      const principal: Principal | undefined = ctx.state.principal;
      // @ts-expect-error It is a principal, and nothing else.
      ctx.body = ctx.state.principal?.usrname ?? principal?.username;
    });
    app.use(router.routes());
  });
  assert.equal(await (await get({ authorization: `Bearer ${realm.mint()}` })).text(), 'abdullah');
});

test('behind a proxy that is trusted, the browser comes back to the proxy', async (t) => {
  const { realm, get } = await setUp(t, (app, kc) => {
    app.proxy = true;
    app.use((ctx, next) => {
      ctx.path = '/auth/login';
      return next();
    });
    app.use(kc.session({ secret: 'b7f3c1d95e0a4826b7f3c1d95e0a4826' }));
  });
  realm.discovery.authorization_endpoint = 'https://sso.example.com/auth';
  const login = await get({ 'x-forwarded-proto': 'https', 'x-forwarded-host': 'app.example.com:8443' });
  assert.deepEqual([login.status, login.headers.getSetCookie().length], [303, 1]);
  const { searchParams } = new URL(login.headers.get('location') ?? '');
  assert.equal(searchParams.get('redirect_uri'), 'https://app.example.com:8443/auth/callback');
});

test('an answer of ours ends the connection where a message is not read, and passes by middleware in front', async (t) => {
  const seen: unknown[] = [];
  const { url } = await setUp(t, (app, kc) => {
    app.use(async (ctx, next) => {
      await next();
      seen.push([ctx.status, ctx.body]);
    });
    app.use(kc.backchannelLogout());
  });
  const answer = await plainFetch(`${url}/backchannel-logout`, { method: 'POST', body: 'logout_token=x' });
  const { status, headers } = answer;
  assert.deepEqual(
    [status, headers.get('connection'), headers.get('cache-control')],
    [415, 'close', 'no-store'],
  );
  assert.deepEqual(seen, [[415, await answer.text()]]);
});

test('a fault of the application in a permission is no refusal, and its message stays here', async (t) => {
  const { realm, get } = await setUp(t, (app, kc) => {
    app.silent = true;
    kc.permissions({ clientSecret: 'a-secret' });
    app.use(kc.guard());
    app.use(
      kc.permit(() => {
        throw new Error('the password of the database');
      }),
    );
  });
  const answer = await get({ authorization: `Bearer ${realm.mint()}` });
  assert.deepEqual([answer.status, await answer.text()], [500, 'Internal Server Error']);
});

test('an error that middleware in front makes of a refusal is answered as its own', {
  timeout: 10_000,
}, async (t) => {
  const { get } = await setUp(t, (app, kc) => {
    app.silent = true;
    app.use((ctx, next) => next().catch(() => ctx.throw(418, 'mine')));
    app.use(kc.guard());
  });
  const answer = await get();
  assert.deepEqual([answer.status, await answer.text()], [418, 'mine']);
});
