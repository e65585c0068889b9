import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { startDevIdp } from '../../packages/testing/src/index.ts';
import { addMcpServers } from '../../packages/testing/src/registration/mcp-servers.ts';
import { createPerson } from '../contract/mcp/person.ts';
import { createKeeper, REDIRECT_URI, SDKS } from '../contract/mcp/sdk.ts';
import { SERVERS } from '../contract/mcp/servers.ts';

const NAMES = ['acme', 'globex'] as const;
const SCOPES = ['notes:read', 'notes:write'];

// Each SDK and each server once: contract/mcp/dance.ts has them all with one another.
for (const [i, sdk] of SDKS.entries()) {
  const server = SERVERS[i] ?? assert.fail();
  test(`${sdk.name} at ${server.name}: people of two tenants sign in where theirs do, at one server`, async (t) => {
    let listener: RequestListener = (_request, response) => response.writeHead(503).end();
    const app = createServer((request, response) => listener(request, response));
    app.listen(0, 'localhost');
    await once(app, 'listening');
    const urlOf = (tenant: string) =>
      `http://localhost:${(app.address() as AddressInfo).port}/t/${tenant}/mcp`;
    const idp = await startDevIdp({
      realm: NAMES.map((realm) =>
        addMcpServers(
          {
            ...{ realm, enabled: true },
            users: [
              {
                ...{ username: `ann-of-${realm}`, enabled: true, email: `ann@${realm}.example` },
                ...{
                  firstName: 'Ann',
                  lastName: 'Ng',
                  realmRoles: ['offline_access'],
                  credentials: [{ type: 'password', value: realm }],
                },
              },
            ],
          },
          [{ url: urlOf(realm), scopes: SCOPES }],
        ),
      ),
    });
    t.after(async () => {
      app.closeAllConnections();
      app.close();
      await idp.close();
    });
    listener = server.build(
      {
        ...{ serverUrl: idp.url, onNotice: false },
        tenants: {
          of: ({ path }: { path: string }) => /^\/t\/(acme|globex)\/mcp$/.exec(path)?.[1],
          get: async (name: string) => ({ realm: name, clientId: urlOf(name) }),
        },
      } as never,
      { url: urlOf(':tenant') },
    );

    const tokens = new Map<string, string>();
    for (const name of NAMES) {
      const keeper = createKeeper();
      const program = sdk.start(new URL(urlOf(name)), keeper);
      t.after(() => program.close());
      await assert.rejects(program.connect(), program.isUnauthorized);
      const asked = keeper.asked as URL;
      assert.equal(asked.origin + asked.pathname.split('/protocol')[0], `${idp.url}/realms/${name}`);
      assert.equal(asked.searchParams.get('resource'), urlOf(name));
      await program.finish(await createPerson(`ann-of-${name}`, name, REDIRECT_URI).authorize(asked));
      await program.connect();
      assert.match(await program.call('list-notes'), new RegExp(`^Notes of ann-of-${name}`));
      tokens.set(name, keeper.tokens?.access_token as string);
    }
    for (const [name, other] of [NAMES, [...NAMES].reverse()] as [string, string][]) {
      const headers = { authorization: `Bearer ${tokens.get(name)}` };
      assert.equal((await fetch(urlOf(other), { method: 'POST', headers })).status, 401);
    }
  });
}
