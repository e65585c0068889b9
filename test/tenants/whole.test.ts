import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { describe, type TestContext, test } from 'node:test';
import express from 'express';
import { keycloak } from '../../packages/guard/src/adapters/express/index.ts';
import { createMemoryRevocationStore } from '../../packages/guard/src/core/index.ts';
import { listen } from '../adapters/listen.ts';
import { ALICE } from '../authz/fake-keycloak.ts';
import { createWorld, type TenantName, type World } from './world.ts';

/** One server for two tenants, told apart by the path. */
async function setUp(t: TestContext, more: (kc: ReturnType<typeof make>, app: express.Express) => void) {
  const world = createWorld();
  const kc = make(world);
  const app = express();
  app.get('/health', (_request, response) => void response.json(kc.health()));
  app.get(
    '/t/:tenant/orders',
    kc.guard(),
    (request, response) => void response.json(request.principal?.tenant),
  );
  more(kc, app);
  const { url, close } = await listen(createServer(app), () => kc.close());
  t.after(close);
  const get = (path: string, token?: string) =>
    fetch(url + path, token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } });
  return { ...world, kc, url, get };
}

const NAME = /^(?:\/\.well-known\/oauth-protected-resource)?\/t\/([^/]+)(?:\/|$)/;
const make = ({ common, directory }: World) =>
  keycloak({
    ...common,
    audience: ['my-api', 'https://tools.example.com/t/acme/mcp', 'https://tools.example.com/t/globex/mcp'],
    tenants: {
      of: ({ path }: { path: string }) => NAME.exec(path)?.[1],
      get: (name: string) => directory.get(name),
    },
  } as never);

describe('health of an application with tenants', () => {
  test('it is ready before the first, and while the Keycloak of one does not answer', async (t) => {
    const { get, acme, globex, kc } = await setUp(t, () => {});
    assert.deepEqual(await (await get('/health')).json(), { isReady: true, checks: {} });
    assert.equal((await get('/t/acme/orders', acme.tokenOf(ALICE))).status, 200);
    const { isReady, checks } = kc.health();
    assert.deepEqual(
      [isReady, checks.keys?.ok, checks.keycloak],
      [true, true, { ok: true, detail: 'Answers' }],
    );
    globex.realm.setAll('down');
    assert.equal((await get('/t/globex/orders', globex.tokenOf(ALICE))).status, 503);
    assert.equal((await get('/t/made-up/orders', globex.tokenOf(ALICE))).status, 404);
    assert.equal(kc.health().isReady, true);
  });

  test('it is not ready before it knows who was logged out elsewhere, and says how it stands with the store', async (t) => {
    const revocationStore = Object.assign(createMemoryRevocationStore(), {
      isCaughtUp: false,
      isConnected: true,
    });
    const kc = make({ ...createWorld(), common: { ...createWorld().common, revocationStore } });
    t.after(() => kc.close());
    const late = { ok: false, detail: 'Logouts of other processes are not loaded yet' };
    assert.deepEqual(kc.health(), { isReady: false, checks: { revocations: late } });
    revocationStore.isCaughtUp = true;
    assert.deepEqual(kc.health(), {
      isReady: true,
      checks: { revocations: { ok: true, detail: 'Answers' } },
    });
  });
});

describe('an MCP server for each tenant, behind one guard', () => {
  const urlOf = (tenant: TenantName) => `https://tools.example.com/t/${tenant}/mcp`;

  test('names the realm of the tenant, and takes tokens for its own URL alone', async (t) => {
    const { get, acme, globex } = await setUp(t, (kc, app) => {
      for (const tenant of ['acme', 'globex'] as const) {
        const mcp = kc.mcp({ url: urlOf(tenant) });
        app.use(mcp.metadata);
        app.all(
          `/t/${tenant}/mcp`,
          mcp,
          (request, response) => void response.json(request.principal?.tenant),
        );
      }
    });
    for (const [tenant, { realm }] of Object.entries({ acme, globex })) {
      const path = `/.well-known/oauth-protected-resource/t/${tenant}/mcp`;
      const metadata = (await (await get(path)).json()) as Record<string, unknown>;
      assert.deepEqual(
        [metadata.resource, metadata.authorization_servers],
        [urlOf(tenant as TenantName), [realm.issuer]],
      );
      const refused = await get(`/t/${tenant}/mcp`);
      assert.equal(refused.status, 401);
      assert.match(
        refused.headers.get('www-authenticate') ?? '',
        new RegExp(`resource_metadata="[^"]*${path}"`),
      );
    }
    const ask = async (at: TenantName, by: typeof acme, aud: string) =>
      (await get(`/t/${at}/mcp`, by.realm.mint({ aud }))).status;
    assert.equal(await ask('acme', acme, urlOf('acme')), 200);
    assert.equal(await ask('globex', globex, urlOf('globex')), 200);
    assert.equal(await ask('globex', globex, urlOf('acme')), 401, 'a token for the other server');
    assert.equal(await ask('globex', acme, urlOf('globex')), 401, 'a token of the other realm');
    assert.equal((await get('/.well-known/oauth-protected-resource/t/made-up/mcp')).status, 404);
  });
});
