import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import { getRequestListener } from '@hono/node-server';
import { buildAgent } from '../../../examples/calling/apps.ts';
import { createClient } from '../../../packages/guard/src/client/index.ts';
import { type CredentialOptions, createCredential } from '../../../packages/guard/src/core/index.ts';
import {
  type CallingProvider,
  call,
  type SeenCall,
  type Service,
  signIn,
  startService,
} from '../../contract/calling/stage.ts';
import { SECRET, USER } from '../../support/calling-realm.ts';
import { AUTHENTICATORS, type CallingRealm, createCallingRealm } from '../support/calling-realm.ts';

// Whose token each service of a chain sees, on a real Keycloak: the transcript is in the output.

const folder = mkdtempSync(join(tmpdir(), 'calling-chain-'));
let realm: CallingRealm;
let provider: CallingProvider;
let orders: Service;
let agent: { readonly url: string; close(): void };

before(async () => {
  realm = await createCallingRealm('g-calling-chain');
  provider = {
    ...{ url: realm.keycloak.url, realm: realm.name },
    ...{ logoutUser: async () => {}, close: async () => {} },
  };
  orders = await startService(provider, 'orders');
});
after(async () => {
  agent?.close();
  await orders?.close();
  rmSync(folder, { recursive: true });
  await realm?.close();
});

/** Calls `orders` in the name of its caller, and then in its own. */
async function startShop(credential: CredentialOptions): Promise<Service> {
  const shop = await startService(provider, 'shop', { credential });
  const target = { origin: orders.origin, audience: 'orders', scope: 'to-orders' };
  const [inNameOf, inOwnName] = [shop.calls.fetchFor(target), shop.calls.fetchAs(target)];
  shop.handler = async (request, response) => {
    const answers = [await inNameOf(request, '/orders/7'), await inOwnName('/stock')];
    response.end(answers.map(({ status }) => status).join());
  };
  return shop;
}

/** What a service saw, and one line of it for people. */
function hop(t: TestContext, way: string, seen: SeenCall | undefined) {
  const { aud, azp, sub, act, sid, preferred_username: user } = seen?.claims ?? {};
  t.diagnostic(
    `${way.padEnd(34)} aud=${[aud].flat()} azp=${azp} sub=${String(sub).slice(0, 8)} (${user}) sid=${sid === undefined ? 'none' : 'yes'} act=${JSON.stringify(act) ?? 'none'}`,
  );
  return { aud: [aud].flat(), azp, sub, sid, act };
}

function writeKey() {
  const keyFile = join(folder, 'key.pem');
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  writeFileSync(keyFile, privateKey.export({ type: 'pkcs8', format: 'pem' }));
  return keyFile;
}

describe('a chain of services', () => {
  for (const [name, make] of [
    [
      'private_key_jwt',
      async () => {
        const keyFile = writeKey();
        const keys = await createCredential({ clientId: 'shop', credential: { keyFile } }).publicKeys();
        await realm.client('shop', AUTHENTICATORS.key(keys));
        return { keyFile };
      },
    ],
    [
      'a token file',
      async () => {
        await realm.client('shop', AUTHENTICATORS.token('shop:api'));
        const tokenFile = join(folder, 'token');
        writeFileSync(tokenFile, realm.kubernetes.tokenFor('shop:api', realm.issuer));
        return { tokenFile };
      },
    ],
  ] as const) {
    it(`front end → shop → orders, in the user's name and in its own, with ${name}`, async (t) => {
      const shop = await startShop(await make());
      t.after(() => shop.close());
      orders.seen.length = 0;
      const { accessToken } = await signIn(provider);
      const answer = await call(shop, accessToken);
      assert.equal(await answer.text(), '200,200');
      const first = hop(t, 'web → shop', shop.seen[0]);
      const second = hop(t, 'shop → orders, for the user', orders.seen[0]);
      const third = hop(t, `shop → orders, itself (${name})`, orders.seen[1]);
      assert.deepEqual([first.azp, first.aud], ['web', ['shop']]);
      assert.deepEqual([second.azp, second.aud], ['shop', ['orders']]);
      assert.deepEqual([second.sub, second.sid], [first.sub, first.sid]);
      assert.deepEqual([third.azp, third.sid], ['shop', undefined]);
      assert.ok(third.aud.includes('orders'));
      assert.notEqual(third.sub, first.sub);
    });
  }

  it('an MCP tool → shop → orders: the tool’s token is none of those that follow', async (t) => {
    await realm.client('shop', AUTHENTICATORS.secret);
    const shop = await startShop({ secret: SECRET });
    t.after(() => shop.close());
    orders.seen.length = 0;
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`;
    agent = { url, close: () => server.close() };
    const options = { serverUrl: provider.url, realm: provider.realm, credential: { secret: SECRET } };
    server.on('request', getRequestListener(buildAgent(options, url, shop.origin).fetch));
    const config = { 'included.client.audience': url, 'access.token.claim': 'true' };
    const mapper = {
      name: 'audience',
      protocol: 'openid-connect',
      protocolMapper: 'oidc-audience-mapper',
      config,
    };
    const attributes = { 'standard.token.exchange.enabled': 'true' };
    await realm.admin('POST', '/clients', {
      ...{ clientId: url, secret: SECRET, attributes, optionalClientScopes: ['to-shop'] },
    });
    await realm.admin('POST', '/clients', {
      ...{
        clientId: 'assistant',
        publicClient: true,
        directAccessGrantsEnabled: true,
        protocolMappers: [mapper],
      },
    });

    const assistant = createClient({ serverUrl: provider.url, realm: provider.realm, clientId: 'assistant' });
    const { accessToken } = await assistant.passwordGrant(USER);
    const answer = await fetch(url, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${accessToken}`,
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
      },
      body: JSON.stringify({
        jsonrpc: '2.0',
        id: 1,
        method: 'tools/call',
        params: { name: 'checkout', arguments: {} },
      }),
    });
    assert.match(await answer.text(), /200,200/);
    const second = hop(t, 'MCP tool → shop', shop.seen[0]);
    const third = hop(t, 'shop → orders, for the user', orders.seen[0]);
    assert.deepEqual([second.azp, second.aud], [url, ['shop']]);
    assert.deepEqual([third.azp, third.aud], ['shop', ['orders']]);
    assert.deepEqual([third.sub, third.sid], [second.sub, second.sid]);
  });
});
