import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import express from 'express';
import { Keycloak } from '../../../packages/connect/src/index.ts';
import { type AuthzRealm, createAuthzRealm } from '../support/authz-realm.ts';
import { requireKeycloak } from '../support/real-keycloak.ts';

const keycloak = requireKeycloak();
const Original = createRequire(import.meta.url)('keycloak-connect') as typeof Keycloak;

describe('enforcer', () => {
  let lab: AuthzRealm;
  const servers: Server[] = [];
  before(async () => {
    lab = await createAuthzRealm(keycloak);
  });
  after(async () => {
    for (const server of servers) server.close();
    await lab.close();
  });

  /** The status of each permission, asked one by one. */
  async function ask(Constructor: typeof Keycloak, username: string, ...permissions: (string | string[])[]) {
    const adapter = new Constructor(
      {},
      {
        ...{ realm: lab.realm, 'auth-server-url': keycloak.url, resource: 'api', 'bearer-only': true },
        credentials: { secret: 'api-secret' },
      },
    );
    const app = express();
    app.use(adapter.middleware());
    permissions.forEach((one, at) => {
      app.get(`/${at}`, adapter.enforcer(one), (_request, response) => void response.send('in'));
    });
    const server = app.listen(0, '127.0.0.1');
    servers.push(server);
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const headers = { authorization: `Bearer ${await lab.login(username, 'web')}`, connection: 'close' };
    const statuses: number[] = [];
    for (const at of permissions.keys()) statuses.push((await fetch(`${url}/${at}`, { headers })).status);
    return statuses;
  }

  test('grants and refuses what Keycloak does, with and without scopes, by name and by id', async () => {
    const [reports] = (await lab.authz('GET', '/resource?name=reports')) as [{ _id: string }];
    const asked = ['orders:view', 'orders:delete', 'orders', 'no scopes', `${reports._id}:view`];
    assert.deepEqual(await ask(Keycloak, 'alice', ...asked), [200, 200, 200, 200, 200]);
    assert.deepEqual(await ask(Keycloak, 'bob', ...asked), [200, 403, 200, 200, 403]);
    assert.deepEqual(await ask(Keycloak, 'bob', ['orders:view', 'orders:delete'], 'none:view'), [403, 500]);
  });

  test('takes no resource of the caller’s own for that of the API, as keycloak-connect does', async () => {
    const dave = await lab.login('dave', 'api');
    const made = await lab.protection('POST', 'resource_set', dave, {
      ...{ name: 'orders', resource_scopes: ['delete'], ownerManagedAccess: true },
    });
    assert.equal(made.status, 201, JSON.stringify(made));
    const policy = { name: 'orders for dave', scopes: ['delete'], users: ['dave'] };
    const shared = await lab.protection('POST', `uma-policy/${made._id}`, dave, policy);
    assert.ok((shared.status as number) < 300, JSON.stringify(shared));
    assert.deepEqual(await ask(Original, 'dave', 'orders:delete'), [200]);
    assert.deepEqual(await ask(Keycloak, 'dave', 'orders:delete'), [403]);
  });
});
