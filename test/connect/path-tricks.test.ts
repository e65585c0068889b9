import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import express, { type Express } from 'express';
import express4 from 'express4';
import { Keycloak } from '../../packages/connect/src/index.ts';
import type { DevIdp } from '../../packages/testing/src/index.ts';
import { isAdminPath, PATH_READERS } from '../authz/path-readers.ts';
import { DECIDED_PATHS, PATH_TRICKS } from '../authz/path-tricks.ts';
import { startTestIdp } from '../support/dev-idp.ts';
import { targetsFor } from '../support/path-targets.ts';
import { sendRaw } from '../support/send-raw.ts';
import { sendTargets } from '../support/send-targets.ts';
import { constructorOf } from './connect-app.ts';

const SETTINGS = {
  realm: 'paths',
  resource: 'api',
  credentials: { secret: 'api-secret' },
  'bearer-only': true,
};
/** The member `policy-enforcer` of a `keycloak.json`. */
const PATHS = {
  paths: [
    { path: '/admin/*', name: 'admin', scopes: ['view'] },
    { path: '/*', 'enforcement-mode': 'DISABLED' },
  ],
} as const;

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
    const kc = new (constructorOf('original'))({}, { ...SETTINGS, 'auth-server-url': serverUrl });
    app.use(kc.middleware());
    app.use('/admin', kc.enforcer('admin:view'));
    app.use(kc.protect());
  },
  'keycloak-guard': (app: Express, serverUrl: string) => {
    const config = { ...SETTINGS, 'auth-server-url': serverUrl, 'policy-enforcer': PATHS };
    const kc = new Keycloak({ onNotice: false }, config);
    app.use(kc.middleware(), kc.protect(), kc.pathEnforcer());
  },
};

const APPS = [
  ['Express 5', express],
  ['Express 4', express4 as never as typeof express],
] as const;
const HOW = ['plain', 'strict', 'rewriting'] as const;

/** The targets that reach what is behind the guard. */
async function letIn(port: number, targets: readonly string[], token: string): Promise<string[]> {
  const answers = await sendTargets(port, targets, token);
  assert.ok(
    answers.every(({ status }) => status > 0),
    'every target is answered',
  );
  return answers.filter(({ body }) => body.includes('let-in')).map(({ target }) => target);
}

describe('a path guarded in front of something that reads paths in its own way', () => {
  let idp: DevIdp;
  const tokens: Record<string, string> = {};
  before(async () => {
    idp = await startTestIdp({ realm: REALM });
    for (const username of ['alice', 'bob'])
      tokens[username] = await idp.issueToken({ username, clientId: 'api', claims: { exp: 4e9 } });
  });
  after(() => idp.close());

  /**
   * The tricks by which bob gets to what alice alone may see, by any reader behind. All stand behind one guard: what it decides does
   * not depend on them.
   */
  async function tricksOf(guard: keyof typeof GUARDS): Promise<Set<string>> {
    const readers = Object.values(PATH_READERS);
    assert.ok(readers.every((read) => isAdminPath(read, '/admin')));
    const app = express();
    GUARDS[guard](app, idp.url);
    app.use((request, response) => {
      const isAdmin = readers.some((read) => isAdminPath(read, request.originalUrl));
      response.end(isAdmin ? 'let-in' : 'public');
    });
    app.use(((error, _request, response, _next) => {
      response.status(error.statusCode ?? 500).end();
    }) as express.ErrorRequestHandler);
    const server = app.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    assert.match((await sendRaw(port, '/admin', tokens.alice as string)).body, /let-in/);
    assert.equal((await sendRaw(port, '/admin', tokens.bob as string)).status, 403);
    const tricks = await letIn(port, [...PATH_TRICKS, ...DECIDED_PATHS], tokens.bob as string);
    server.close();
    return new Set(tricks);
  }

  test('is open by many a trick with keycloak-connect', async () => {
    const all = await tricksOf('keycloak-connect');
    assert.ok(all.size > 20, `${all.size}`);
  });

  for (const [name, make] of APPS) {
    for (const how of HOW) {
      test(`${name}, ${how}: the path that is decided on is the route that runs`, async (t) => {
        const app = make();
        if (how === 'strict') app.enable('case sensitive routing').enable('strict routing');
        if (how === 'rewriting')
          app.use((request, _response, next) => {
            request.url = request.url.replace(/^\/public\/(?=admin)/, '/');
            next();
          });
        GUARDS['keycloak-guard'](app, idp.url);
        app.use('/admin', (_request, response) => void response.end('let-in'));
        app.use((_request, response) => void response.end('public'));
        const server = app.listen(0, '127.0.0.1');
        t.after(() => server.close());
        await once(server, 'listening');
        const { port } = server.address() as AddressInfo;
        const bodyOf = async (target: string, who = 'bob') =>
          (await sendRaw(port, target, tokens[who] as string)).body;
        assert.deepEqual([await bodyOf('/admin', 'alice'), await bodyOf('/x')], ['let-in', 'public']);
        assert.equal((await sendRaw(port, '/admin', 'no-token')).status, 401);
        // All of them come to one app, and to the others together.
        const at = APPS.findIndex(([one]) => one === name) * HOW.length + HOW.indexOf(how);
        const targets = targetsFor('admin', 60).filter((_, place) => at === 0 || place % 5 === at - 1);
        assert.deepEqual(await letIn(port, targets, tokens.bob as string), []);
      });
    }
  }

  test('is closed to each of them here', async () => {
    assert.deepEqual([...(await tricksOf('keycloak-guard'))], []);
  });
});
