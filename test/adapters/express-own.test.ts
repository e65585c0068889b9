import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { describe, type TestContext, test } from 'node:test';
import express from 'express';
import express4 from 'express4';
import { keycloak } from '../../packages/guard/src/adapters/express/index.ts';
import { isAuthError } from '../../packages/guard/src/core/index.ts';
import { plainFetch } from '../../packages/testing/src/sign-in.ts';
import { createTestRealm } from '../support/test-realm.ts';
import { listen } from './listen.ts';

const SESSION = { secret: 'b7f3c1d95e0a4826b7f3c1d95e0a4826' };
const PAGE = { accept: 'text/html' };
const versions = { 'express 5': express, 'express 4': express4 as unknown as typeof express };

for (const [version, make] of Object.entries(versions)) {
  const setUp = () => {
    const realm = createTestRealm();
    const { serverUrl, realm: name, clientId, fetch, clock } = realm;
    realm.discovery.authorization_endpoint = 'https://sso.example.com/auth';
    const kc = keycloak({ serverUrl, realm: name, clientId, fetch, clock, onNotice: false });
    const app = make();
    app.set('env', 'test');
    return { realm, kc, app };
  };
  const start = async (t: TestContext, { app, kc }: Pick<ReturnType<typeof setUp>, 'app' | 'kc'>) => {
    const { url, close } = await listen(createServer(app), () => kc.close());
    t.after(close);
    return (path: string, headers: Record<string, string> = {}) => plainFetch(`${url}${path}`, { headers });
  };

  describe(version, () => {
    test('a router with an error handler of its own sees the refusals of its routes', async (t) => {
      const { kc, app } = setUp();
      const router = make.Router();
      router.get('/x', kc.guard(), (_request, response) => void response.json({}));
      router.use(((error, _request, response, next) => {
        if (isAuthError(error)) response.status(error.statusCode).json({ router: error.code });
        else next(error);
      }) as express.ErrorRequestHandler);
      app.use('/router', router);
      app.get('/x', kc.guard(), (_request, response) => void response.json({}));
      const get = await start(t, { app, kc });
      assert.deepEqual(await (await get('/router/x')).json(), { router: 'missing_token' });
      assert.deepEqual(await (await get('/x')).json(), { detail: 'Not authenticated' });
      assert.deepEqual(await (await get('/router/x')).json(), { router: 'missing_token' });
    });

    test('a refusal that comes after the answer has begun breaks it off', async (t) => {
      const { kc, app } = setUp();
      app.get(
        '/begun',
        (_request, response, next) => {
          response.write('begun');
          next();
        },
        kc.guard(),
        (_request, response) => void response.end(),
      );
      const get = await start(t, { app, kc });
      await assert.rejects(get('/begun').then((answer) => answer.text()));
    });

    test('a guard answers by itself where no app of Express is around it', async (t) => {
      const { kc } = setUp();
      const server = createServer((request, response) =>
        kc.guard()(request as never, response as never, () => void response.end('in')),
      );
      const { url, close } = await listen(server, () => kc.close());
      t.after(close);
      const answer = await plainFetch(`${url}/`);
      assert.deepEqual([answer.status, await answer.json()], [401, { detail: 'Not authenticated' }]);
    });

    test('in an app that is mounted in another one, the error handlers of both come first', async (t) => {
      const { kc, app } = setUp();
      const mounted = make();
      mounted.get('/x', kc.guard(), (_request, response) => void response.json({}));
      app.use('/sub', mounted);
      const get = await start(t, { app, kc });
      const refused = await get('/sub/x');
      assert.deepEqual([refused.status, await refused.json()], [401, { detail: 'Not authenticated' }]);
      app.use(((_error, _request, response, _next) => {
        response.status(418).end();
      }) as express.ErrorRequestHandler);
      // Added after the first refusal, as no app does: then what answers last is in front of it.
      assert.equal((await get('/sub/x')).status, 401);
    });

    test('an app gets one error handler, however many requests are refused', async (t) => {
      const { kc, app } = setUp();
      app.get('/x', kc.guard(), (_request, response) => void response.json({}));
      const added = t.mock.method(app, 'use').mock;
      const get = await start(t, { app, kc });
      for (let i = 0; i < 3; i += 1) assert.equal((await get('/x')).status, 401);
      assert.equal(added.callCount(), 1);
    });

    test('of two adapters in one app, the one that refused a request answers it', async (t) => {
      const { kc, app } = setUp();
      const { kc: forPrograms } = setUp();
      app.use(kc.session(SESSION));
      app.get('/page', kc.guard(), (_request, response) => void response.json({}));
      app.get('/api', forPrograms.guard(), (_request, response) => void response.json({}));
      const get = await start(t, { app, kc });
      assert.equal((await get('/page')).status, 401);
      // The other one has a login, which would give nobody a token for this.
      const refused = await get('/api', PAGE);
      assert.deepEqual([refused.status, refused.headers.get('location')], [401, null]);
      assert.deepEqual(await refused.json(), { detail: 'Not authenticated' });
      await forPrograms.close();
    });

    test('an app handler that answers every error with a page answers refusals so too', async (t) => {
      const { kc, app } = setUp();
      app.get('/x', kc.guard(), (_request, response) => void response.json({}));
      app.use(((_error, _request, response, _next) => {
        response.status(500).send('sorry');
      }) as express.ErrorRequestHandler);
      const get = await start(t, { app, kc });
      assert.equal(await (await get('/x')).text(), 'sorry');
    });

    test('below a path, with that path in publicUrl, the login comes back there', async (t) => {
      const { kc, app } = setUp();
      const mounted = make();
      mounted.use(kc.session({ ...SESSION, publicUrl: 'https://app.example.com/shop' }));
      mounted.get('/x', kc.guard(), (_request, response) => void response.json({}));
      app.use('/shop', mounted);
      const get = await start(t, { app, kc });
      const invited = await get('/shop/x?a=b', PAGE);
      assert.equal(invited.headers.get('location'), '/shop/auth/login?return_to=%2Fshop%2Fx%3Fa%3Db');
      const login = await get(invited.headers.get('location') ?? '');
      const { searchParams } = new URL(login.headers.get('location') ?? '');
      assert.equal(searchParams.get('redirect_uri'), 'https://app.example.com/shop/auth/callback');
    });

    test('behind a proxy that is trusted, the browser comes back to the proxy; else its headers count for nothing', async (t) => {
      for (const [trust, origin] of [
        ['loopback', 'https://app.example.com:8443'],
        [false, ''],
      ] as const) {
        const { kc, app } = setUp();
        app.set('trust proxy', trust);
        app.use(kc.session(SESSION));
        const get = await start(t, { app, kc });
        const headers = {
          'x-forwarded-proto': 'https',
          'x-forwarded-host': 'app.example.com:8443, inner.example',
        };
        const login = await get('/auth/login', headers);
        const uri = new URL(login.headers.get('location') ?? '').searchParams.get('redirect_uri') ?? '';
        if (trust) assert.equal(uri, `${origin}/auth/callback`);
        else assert.match(uri, /^http:\/\/127\.0\.0\.1:\d+\/auth\/callback$/);
        assert.equal(login.headers.getSetCookie()[0]?.startsWith('__Host-'), trust !== false);
      }
    });
  });
}

for (const [version, make] of Object.entries(versions)) {
  test(`${version}: wrong settings of a tenant are answered as JSON, and show nothing of themselves`, async (t) => {
    const kc = keycloak({
      ...{ serverUrl: 'http://127.0.0.1:9', clientId: 'my-api', onNotice: false, logRefusals: false },
      tenants: { of: () => 'acme', get: () => ({ realm: 'acme', clientID: 'acme-api' }) as never },
    });
    const app = make();
    app.get('/x', kc.guard(), (_request, response) => void response.json({}));
    const { url, close } = await listen(createServer(app), () => kc.close());
    t.after(close);
    const answer = await plainFetch(`${url}/x`, { headers: { authorization: 'Bearer x.y.z' } });
    assert.equal(answer.status, 500);
    assert.match(answer.headers.get('content-type') ?? '', /^application\/json/);
    assert.deepEqual(await answer.json(), { detail: 'Internal Server Error' });
  });

  test(`${version}: a host that a trusted proxy forwards is taken whole, or it is none`, async (t) => {
    const seen: string[] = [];
    const kc = keycloak({
      ...{ serverUrl: 'http://127.0.0.1:9', clientId: 'my-api', onNotice: false, logRefusals: false },
      tenants: { of: ({ hostname }) => void seen.push(hostname) as never, get: () => undefined },
    });
    const app = make();
    app.set('trust proxy', true);
    app.use(kc.guard());
    const { url, close } = await listen(createServer(app), () => kc.close());
    t.after(close);
    const hostOf = async (forwarded: string) => {
      const answer = await plainFetch(url, { headers: { 'x-forwarded-host': forwarded } });
      assert.equal(answer.status, 404);
      return seen.at(-1);
    };
    for (const odd of [', t1', ',', 'f1.shop.example/.f2.shop.example', 'f1?.f2', 'f1#.f2', ' , f1']) {
      assert.equal(await hostOf(odd), '', odd);
    }
    assert.equal(await hostOf('f1.shop.example:8443, inner'), 'f1.shop.example');
  });
}
