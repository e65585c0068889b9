import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { startDevIdp } from '@keycloak-guard/testing';
import { buildApp } from './app.ts';

const realmWith = (realm: string, clientId: string) => ({
  ...{ realm, enabled: true, clients: [{ clientId }], users: [{ username: 'ann', enabled: true }] },
});

test('tenants/app.ts: a realm for each host, an organization for each path', async (t) => {
  const keycloak = await startDevIdp({
    realm: [realmWith('acme', 'shop'), realmWith('globex', 'shop'), realmWith('club', 'club')],
  });
  t.after(() => keycloak.close());
  const customers = new Map(['acme', 'globex'].map((realm) => [realm, { realm }]));
  const server = createServer(
    buildApp(keycloak.url, { findCustomer: async (name) => customers.get(name) }),
  ).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  const ask = (path: string, token: string, host = 'localhost') =>
    new Promise<string>((resolve, reject) => {
      const headers = { host, authorization: `Bearer ${token}` };
      get({ host: '127.0.0.1', port, path, headers }, async (response) => {
        let text = '';
        for await (const chunk of response) text += chunk;
        resolve(`${response.statusCode} ${text}`);
      }).once('error', reject);
    });

  const [acme, globex] = await Promise.all(
    ['acme', 'globex'].map((name) => keycloak.inRealm(name).issueToken({ username: 'ann' })),
  );
  assert.match(await ask('/shop/orders', acme as string, 'acme.shop.example'), /^200 .*"tenant":"acme"/);
  assert.match(
    await ask('/shop/orders', globex as string, 'globex.shop.example'),
    /^200 .*"tenant":"globex"/,
  );
  assert.match(await ask('/shop/orders', acme as string, 'globex.shop.example'), /^401/);
  for (const host of ['www.example.com', 'initech.shop.example']) {
    assert.match(await ask('/shop/orders', acme as string, host), /^404/);
  }

  const member = await keycloak.inRealm('club').issueToken({ claims: { organization: ['north', 'south'] } });
  assert.match(await ask('/club/north/orders', member), /^200 .*"tenant":"north"/);
  assert.match(await ask('/club/south/orders', member), /^200 .*"tenant":"south"/);
  assert.match(await ask('/club/west/orders', member), /^403/);
  assert.match(await ask('/club/north/orders', acme as string), /^401/);
});
