import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { describe, type TestContext, test } from 'node:test';
import type { McpOptions } from '../../../packages/guard/src/adapters/engine/index.ts';
import { createWorld } from '../../tenants/world.ts';
import { ofEngine } from '../adapter/set-up.ts';
import { call, type McpAdapter } from './mcp-adapter.ts';

const urlOf = (tenant: string) => `https://tools.example.com/t/${tenant}/mcp`;
const metadataOf = (tenant: string) => `/.well-known/oauth-protected-resource/t/${tenant}/mcp`;
const NAMES = ['acme', 'globex'] as const;
const get = async (name: string) =>
  NAMES.includes(name as never) ? { realm: name, clientId: urlOf(name) } : undefined;
const byPath = {
  of: ({ path }: { readonly path: string }) => /^\/t\/([^/]+)\/mcp$/.exec(path)?.[1],
  get,
};

/** One `kc.mcp` for a server of each tenant. */
export function describeMcpOfTenants(adapter: McpAdapter): void {
  async function setUp(t: TestContext, tenants: object = byPath, mcp: Partial<McpOptions> = {}) {
    const world = createWorld();
    const denied: string[] = [];
    const app = await adapter.start({
      keycloak: { ...world.common, tenants } as never,
      mcp: { url: urlOf(':tenant'), scopes: ['mcp:tools'], ...mcp },
      onDenied: ({ code }) => void denied.push(code),
      parsesBodies: false,
    });
    t.after(() => app.close());
    const send = (path: string, token?: string) =>
      fetch(app.url + path, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
        },
        body: JSON.stringify(call('look')),
      });
    const tokenOf = (realm: (typeof NAMES)[number], aud = urlOf(realm)) =>
      world[realm].realm.mint({ aud, scope: 'mcp:tools' });
    return { ...world, app, denied, send, tokenOf };
  }

  describe(`${adapter.name}, MCP servers of tenants`, () => {
    test('each says where its own people sign in', async (t) => {
      const { app, send, ...world } = await setUp(t);
      for (const name of NAMES) {
        const answer = await fetch(app.url + metadataOf(name));
        assert.deepEqual(await answer.json(), {
          resource: urlOf(name),
          scopes_supported: ['mcp:tools'],
          bearer_methods_supported: ['header'],
          authorization_servers: [world[name].realm.issuer],
        });
        assert.equal(answer.headers.get('access-control-allow-origin'), '*');
        const refused = await send(`/t/${name}/mcp`);
        assert.equal(refused.status, 401);
        assert.equal(
          refused.headers.get('www-authenticate'),
          `Bearer scope="mcp:tools", resource_metadata="https://tools.example.com${metadataOf(name)}"`,
        );
      }
    });

    test('a document is answered at its own address, with the slash that is in the URL of the server, and not below', async (t) => {
      const of = ({ path }: { readonly path: string }) => /^\/t\/([^/]+)\//.exec(path)?.[1];
      const { app } = await setUp(t, { of, get }, { url: `${urlOf(':tenant')}/` });
      const answer = await fetch(`${app.url}${metadataOf('acme')}/`);
      const { resource } = (await answer.json()) as { resource: string };
      assert.deepEqual([answer.status, resource], [200, `${urlOf('acme')}/`]);
      // There may be another server.
      for (const below of ['/admin', '/admin/'])
        assert.equal((await fetch(`${app.url}${metadataOf('acme')}${below}`)).status, 404, below);
    });

    test('a token is good at the server of its tenant alone', ofEngine(adapter), async (t) => {
      const { send, tokenOf, denied } = await setUp(t);
      for (const [own, other] of [NAMES, [...NAMES].reverse()] as const) {
        const answer = await send(`/t/${own}/mcp`, tokenOf(own));
        const { auth } = (await answer.json()) as { auth: { resource: string } };
        assert.deepEqual([answer.status, auth.resource], [200, urlOf(own)]);
        for (const token of [tokenOf(own), tokenOf(own, urlOf(other)), tokenOf(other, urlOf(own))]) {
          assert.equal((await send(`/t/${other}/mcp`, token)).status, 401);
        }
        assert.equal((await send(`/t/${own}/mcp`, tokenOf(own, urlOf(other)))).status, 401);
      }
      assert.deepEqual(new Set(denied), new Set(['token_key_unknown', 'token_audience']));
    });

    test('names that somebody made up do not exist, and cost no call', async (t) => {
      const { app, send, tokenOf, calls } = await setUp(t);
      for (const name of ['made-up', 'ACME', 'acme.', '__proto__', ':tenant']) {
        assert.equal((await fetch(app.url + metadataOf(name))).status, 404, name);
        for (const token of [undefined, tokenOf('acme'), 'forged']) {
          assert.equal((await send(`/t/${name}/mcp`, token)).status, 404, name);
        }
      }
      // Read by some routers as another path than by others.
      assert.equal((await send('/t/%61cme/mcp', tokenOf('acme'))).status, 400);
      assert.deepEqual(calls, []);
    });

    test('where the route names one tenant and the application means another, there is none', async (t) => {
      const { app, send, tokenOf } = await setUp(t, { of: () => 'acme', get });
      assert.equal((await send('/t/acme/mcp', tokenOf('acme'))).status, 200);
      const crossed = await send('/t/globex/mcp', tokenOf('acme', urlOf('globex')));
      assert.equal(crossed.status, adapter.isRouterless ? 401 : 404);
      assert.equal((await fetch(app.url + metadataOf('globex'))).status, 404);
    });

    test('where the path could be read as that of another tenant, there is none', async (t) => {
      const { app, tokenOf } = await setUp(t);
      for (const path of ['/t/acme/mcp/../../globex/mcp', '/t/acme/mcp/%2e%2e/%2e%2e/globex/mcp']) {
        const { hostname, port } = new URL(app.url);
        const asked = request({
          ...{ hostname, port, path, method: 'POST' },
          headers: { authorization: `Bearer ${tokenOf('acme')}`, 'content-type': 'application/json' },
        }).end(JSON.stringify(call('look')));
        const [answer] = (await once(asked, 'response')) as [IncomingMessage];
        answer.resume();
        assert.match(String(answer.statusCode), /^40[014]$/, path);
      }
    });

    test(
      'is refused where no request says whose it is, and with any other parameter',
      ofEngine(adapter),
      async (t) => {
        await assert.rejects(setUp(t, { ofIssuer: () => 'acme', get }), /url: names :tenant, which needs/);
        for (const path of [':org', ':tenant/:tenant', ':tenants', ':']) {
          await assert.rejects(setUp(t, byPath, { url: urlOf(path) }), /no parameter but :tenant/);
        }
      },
    );
  });
}
