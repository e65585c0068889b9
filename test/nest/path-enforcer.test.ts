import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Controller, Get } from '@nestjs/common';
import {
  KeycloakService,
  Permission,
  Public,
  Require,
} from '../../packages/guard/src/adapters/nest/index.ts';
import type { PolicyEnforcerConfig } from '../../packages/guard/src/authz/index.ts';
import { BOB, createFakeKeycloak, grant, SECRET } from '../authz/fake-keycloak.ts';
import { decorate } from '../support/without-syntax.ts';
import { startApp } from './start-app.ts';

class PathController {
  both() {
    return {};
  }
  open() {
    return {};
  }
  unnamed() {
    return {};
  }
}
decorate(PathController, 'both', Get('both'), Permission('reports#view'));
decorate(PathController, 'open', Get('open'), Public());
decorate(PathController, 'unnamed', Get('unnamed'), Require({}));
decorate(PathController, Controller());

const CONFIG: PolicyEnforcerConfig = { paths: [{ path: '/both', name: 'orders', scopes: ['view'] }] };

async function start(t: TestContext) {
  const fake = createFakeKeycloak();
  const permissions = { clientSecret: SECRET, fetch: fake.fetch, permissionSeconds: 0 };
  const options = { fetch: fake.fetch, tokenCheck: 'local', permissions } as const;
  const { get } = await startApp(
    t,
    { controllers: [PathController] },
    { realm: fake.realm, options: { ...options, pathEnforcer: { config: CONFIG } } },
  );
  const bob = fake.tokenOf(BOB);
  return { fake, bob, status: async (path: string, token?: string) => (await get(path, token)).status };
}

test('path and @Permission both have to be granted', async (t) => {
  const { fake, bob, status } = await start(t);
  grant(fake, BOB, 'orders#view');
  assert.equal(await status('/both', bob), 403);
  fake.grants.clear();
  grant(fake, BOB, 'reports#view');
  assert.equal(await status('/both', bob), 403);
  grant(fake, BOB, 'orders#view');
  assert.equal(await status('/both', bob), 200);
  assert.equal(await status('/both'), 401);
});

test('what no path names is refused, and what is @Public() is open', async (t) => {
  const { bob, status } = await start(t);
  assert.equal(await status('/unnamed', bob), 403);
  assert.equal(await status('/unnamed'), 401);
  assert.equal(await status('/open'), 200);
});

test('paths cannot be decided by without permissions, nor by a configuration that is wrong', () => {
  const options = { serverUrl: 'http://127.0.0.1:1', realm: 'main', clientId: 'my-api' };
  assert.throws(
    () => new KeycloakService({ ...options, pathEnforcer: {} }),
    /permissions were not turned on/,
  );
  const permissions = { clientSecret: SECRET };
  const wrong = { config: { paths: [{ path: 'orders' }] } };
  assert.throws(
    () => new KeycloakService({ ...options, permissions, pathEnforcer: wrong }),
    /paths\[0\]\.path/,
  );
});
