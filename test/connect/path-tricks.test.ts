import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import express, { type Express } from 'express';
import { keycloak } from '../../packages/guard/src/adapters/express/index.ts';
import type { DevIdp } from '../../packages/testing/src/index.ts';
import { isAdminPath, PATH_READERS } from '../authz/path-readers.ts';
import { DECIDED_PATHS, PATH_TRICKS } from '../authz/path-tricks.ts';
import { startTestIdp } from '../support/dev-idp.ts';
import { sendRaw } from '../support/send-raw.ts';
import { constructorOf } from './connect-app.ts';

const CLIENT = { clientId: 'api', clientSecret: 'api-secret' };

/** Members may see orders, and nobody but alice what is below `/admin`. */
const REALM = {
  ...{ realm: 'paths', enabled: true, sslRequired: 'none' },
  clients: [
    {
      ...{ clientId: 'api', secret: 'api-secret', directAccessGrantsEnabled: true },
      ...{ serviceAccountsEnabled: true, authorizationServicesEnabled: true },
      protocolMappers: [
        {
          ...{ name: 'audience', protocol: 'openid-connect', protocolMapper: 'oidc-audience-mapper' },
          config: { 'included.client.audience': 'api', 'access.token.claim': 'true' },
        },
      ],
      authorizationSettings: {
        policyEnforcementMode: 'ENFORCING',
        scopes: [{ name: 'view' }],
        resources: [{ name: 'admin', uris: ['/admin/*'], scopes: [{ name: 'view' }] }],
        policies: [
          { name: 'alice', type: 'user', config: { users: '["alice"]' } },
          {
            ...{ name: 'see', type: 'scope' },
            config: { resources: '["admin"]', scopes: '["view"]', applyPolicies: '["alice"]' },
          },
        ],
      },
    },
  ],
  users: ['alice', 'bob'].map((username) => ({
    ...{ username, enabled: true, firstName: username, lastName: 'T', email: `${username}@acme.test` },
  })),
};

/** Guards of a path, in front of something that reads paths in its own way: a proxy, files, another router. */
const GUARDS = {
  'keycloak-connect': (app: Express, serverUrl: string) => {
    const config = { realm: 'paths', 'auth-server-url': serverUrl, resource: 'api' };
    const credentials = { credentials: { secret: 'api-secret' }, 'bearer-only': true };
    const kc = new (constructorOf('original'))({}, { ...config, ...credentials });
    app.use(kc.middleware());
    app.use('/admin', kc.enforcer('admin:view'));
    app.use(kc.protect());
  },
  'keycloak-guard': (app: Express, serverUrl: string) => {
    const kc = keycloak({ serverUrl, realm: 'paths', ...CLIENT, onNotice: false });
    kc.permissions({ permissionSeconds: 3600 });
    const paths = [
      { path: '/admin/*', name: 'admin', scopes: ['view'] },
      { path: '/*', 'enforcement-mode': 'DISABLED' as const },
    ];
    app.use(kc.guard(), kc.pathEnforcer({ config: { paths } }));
    return kc;
  },
};

describe('a path guarded in front of something that reads paths in its own way', () => {
  let idp: DevIdp;
  const tokens: Record<string, string> = {};
  before(async () => {
    idp = await startTestIdp({ realm: REALM });
    for (const username of ['alice', 'bob'])
      tokens[username] = await idp.issueToken({ username, clientId: 'api', claims: { exp: 4e9 } });
  });
  after(() => idp.close());

  /** The tricks by which bob gets to what alice alone may see, by the reader behind. */
  async function tricksOf(guard: keyof typeof GUARDS): Promise<Map<string, string[]>> {
    const found = new Map<string, string[]>();
    for (const [name, read] of Object.entries(PATH_READERS)) {
      const app = express();
      const kc = GUARDS[guard](app, idp.url);
      app.use((request, response) => {
        response.end(isAdminPath(read, request.originalUrl) ? 'let-in' : 'public');
      });
      app.use(((error, _request, response, _next) => {
        response.status(error.statusCode ?? 500).end();
      }) as express.ErrorRequestHandler);
      const server = app.listen(0, '127.0.0.1');
      await once(server, 'listening');
      const { port } = server.address() as AddressInfo;
      assert.match((await sendRaw(port, '/admin', tokens.alice as string)).body, /let-in/);
      assert.equal((await sendRaw(port, '/admin', tokens.bob as string)).status, 403);
      const through: string[] = [];
      for (const target of [...PATH_TRICKS, ...DECIDED_PATHS])
        if (/let-in/.test((await sendRaw(port, target, tokens.bob as string)).body)) through.push(target);
      found.set(name, through);
      server.close();
      await kc?.close();
    }
    return found;
  }

  test('is open by many a trick with keycloak-connect', async (t) => {
    const found = await tricksOf('keycloak-connect');
    for (const [name, tricks] of found)
      t.diagnostic(`${tricks.length} by ${name}: ${tricks.slice(0, 4).join('  ')}`);
    const all = new Set([...found.values()].flat());
    t.diagnostic(`${all.size} of ${PATH_TRICKS.length + DECIDED_PATHS.length} let bob in`);
    assert.ok(all.size > 20, `${all.size}`);
  });

  test('is closed to each of them here', async () => {
    assert.deepEqual([...new Set([...(await tricksOf('keycloak-guard')).values()].flat())], []);
  });
});
