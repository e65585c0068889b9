import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { BOB, createFakeKeycloak, grant, SECRET } from '../../authz/fake-keycloak.ts';
import { claimsOf } from '../../support/test-realm.ts';
import { type Adapter, type Given, startApp } from './adapter.ts';
import { setUpSession } from './session.ts';
import { assertRefused, assertUser, BARE, invalid, ofEngine, without } from './set-up.ts';

const DENIED = ['Bearer error="insufficient_scope"', 'Not enough permissions'] as const;
const REVOKED = invalid('The access token was revoked');
const ROUTES = ['/permitted', '/hidden', '/any', '/things/orders', '/misconfigured'];

/** An app of the contract on a Keycloak in memory, which is asked anew each time by default. */
async function setUp(
  t: TestContext,
  adapter: Adapter,
  more: Partial<Given> = {},
  permissionSeconds = 0,
  clientSecret?: string,
) {
  const fake = createFakeKeycloak();
  const { serverUrl, realm, clientId, clock } = fake.realm;
  const { fetch } = fake;
  const app = await startApp(t, adapter, {
    keycloak: {
      serverUrl,
      realm,
      clientId,
      fetch,
      clock,
      onNotice: false,
      tokenCheck: 'local',
      clientSecret,
    },
    permissions: { ...(clientSecret === undefined && { clientSecret: SECRET }), permissionSeconds },
    ...more,
  });
  const call = app.fetch ?? globalThis.fetch;
  const get = (path: string, token?: string) =>
    call(`${app.url}${path}`, token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } });
  return { fake, get, bob: fake.tokenOf(BOB) };
}

/** What is the same with every framework, of what Keycloak's authorization services decide. */
export function describePermissions(adapter: Adapter): void {
  const skip = adapter.lacks?.includes('inProcess') ? 'it has a Keycloak of its own' : false;
  describe(`${adapter.name}, permissions`, { skip }, () => {
    test('let in who has one, and refuse who has none with 403, as soon as Keycloak says so', async (t) => {
      const denied: unknown[] = [];
      const { fake, get, bob } = await setUp(t, adapter, {
        onDenied: (error, principal) => denied.push(error.code, principal?.subject),
      });
      await assertRefused(await get('/permitted', bob), 403, ...DENIED);
      assert.deepEqual(denied, ['permission_denied', BOB]);
      grant(fake, BOB, 'orders#view');
      await assertUser(await get('/permitted', bob));
      fake.grants.clear();
      await assertRefused(await get('/permitted', bob), 403, ...DENIED);
    });

    test(
      'have the client secret of the guard, unless they are given another one',
      ofEngine(adapter),
      async (t) => {
        const { fake, get, bob } = await setUp(t, adapter, {}, 0, SECRET);
        grant(fake, BOB, 'orders#view');
        await assertUser(await get('/permitted', bob));
      },
    );

    test('that refuse lead to the resource as a guard does', without(adapter, 'resource'), async (t) => {
      const resource = { url: 'https://api.example.com/orders' };
      const { get, bob } = await setUp(t, adapter, { resource });
      const metadata = 'https://api.example.com/.well-known/oauth-protected-resource/orders';
      const challenge = `Bearer error="insufficient_scope", resource_metadata="${metadata}"`;
      await assertRefused(await get('/permitted', bob), 403, challenge, DENIED[1]);
      await assertRefused(
        await get('/unguarded'),
        401,
        `Bearer resource_metadata="${metadata}"`,
        'Not authenticated',
      );
    });

    test('that refuse are logged as a guard is', ofEngine(adapter), async (t) => {
      const lines: string[] = [];
      const onLine = (line: string) => lines.push(line);
      for (const more of [{}, { logRefusals: false }, { onDenied: () => {} }]) {
        const { get, bob } = await setUp(t, adapter, { onLine, ...more });
        await assertRefused(await get('/permitted', bob), 403, ...DENIED);
      }
      const told = lines.filter((line) => line.includes('was refused'));
      assert.equal(told.length, 1);
      assert.match(
        told[0] ?? '',
        /^GET \/permitted was refused: 403 permission_denied, .*, caller .+?\)\. Grant the permission/,
      );
    });

    test('answers from memory let in and refuse as new ones do', ofEngine(adapter), async (t) => {
      const { fake, get, bob } = await setUp(t, adapter, {}, 30);
      grant(fake, BOB, 'orders#view');
      for (let i = 0; i < 2; i++) {
        await assertUser(await get('/permitted', bob));
        await assertRefused(await get('/hidden', bob), 404, null, 'Not Found');
      }
      assert.equal(fake.questions.length, 2);
    });

    test('hide what somebody may not see', async (t) => {
      const { fake, get, bob } = await setUp(t, adapter);
      await assertRefused(await get('/hidden', bob), 404, null, 'Not Found');
      grant(fake, BOB, 'reports#view');
      await assertUser(await get('/hidden', bob));
    });

    test('are met by one of several', ofEngine(adapter), async (t) => {
      const { fake, get, bob } = await setUp(t, adapter);
      await assertRefused(await get('/any', bob), 403, ...DENIED);
      grant(fake, BOB, 'reports#view');
      await assertUser(await get('/any', bob));
    });

    test('may depend on the request', async (t) => {
      const { fake, get, bob } = await setUp(t, adapter);
      grant(fake, BOB, 'reports#view');
      await assertUser(await get('/things/reports', bob));
      for (const other of ['orders', 'never-heard-of', 'reports%23view%23x', 'reports%23edit']) {
        await assertRefused(await get(`/things/${other}`, bob), 403, ...DENIED);
      }
    });

    test('that Keycloak does not know are a fault here, and the answer says no more', async (t) => {
      const { get, bob } = await setUp(t, adapter);
      const answer = await get('/misconfigured', bob);
      const body = await answer.text();
      assert.deepEqual([answer.status, body], [500, '{"detail":"Internal Server Error"}']);
    });

    test('are 503 while Keycloak does not answer', async (t) => {
      const { fake, get, bob } = await setUp(t, adapter);
      grant(fake, BOB, 'orders#view');
      await assertUser(await get('/permitted', bob));
      fake.replace = () => 'down';
      const answer = await get('/permitted', bob);
      assert.match(answer.headers.get('retry-after') ?? '', /^[1-9]\d*$/);
      await assertRefused(answer, 503, null, 'Identity provider unavailable');
    });

    test('are 401 for a token that Keycloak takes no more', async (t) => {
      const { fake, get, bob } = await setUp(t, adapter);
      grant(fake, BOB, 'orders#view');
      await assertUser(await get('/permitted', bob));
      fake.ended.add(bob);
      await assertRefused(await get('/permitted', bob), 401, REVOKED, 'Could not validate credentials');
    });

    test('are nothing that nobody has, and Keycloak is not asked', async (t) => {
      const { fake, get, bob } = await setUp(t, adapter);
      for (const path of [...ROUTES, '/unguarded']) {
        await assertRefused(await get(path), 401, BARE, 'Not authenticated');
      }
      assert.notEqual((await get('/permitted', `${bob.slice(0, -4)}AAAA`)).status, 200);
      assert.equal(fake.questions.length, 0);
    });

    test('are those of whoever signed in with the browser, too', ofEngine(adapter), async (t) => {
      const fake = createFakeKeycloak();
      const fetch: typeof globalThis.fetch = (input, init) =>
        fake.fetch(String(input).replace(/^http:\/\/[^/]+/, fake.realm.serverUrl), init);
      const { app, browser, get } = await setUpSession(t, adapter, undefined, {
        permissions: { clientId: 'my-api', clientSecret: SECRET, fetch, permissionSeconds: 0 },
      });
      await assertUser((await browser.open(`${app.url}/guarded`)).response);
      await assertRefused(await get('/permitted'), 403, ...DENIED);
      const [asked] = fake.questions;
      grant(fake, String(claimsOf(String(asked?.form.get('subject_token'))).sub), 'orders#view');
      await assertUser(await get('/permitted'));
    });
  });
}
