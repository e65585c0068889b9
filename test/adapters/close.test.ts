import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keycloak as express } from '../../packages/guard/src/adapters/express/index.ts';
import { keycloak as fetchKeycloak } from '../../packages/guard/src/adapters/fetch/index.ts';
import { keycloak as hapi } from '../../packages/guard/src/adapters/hapi/index.ts';
import { keycloak as hono } from '../../packages/guard/src/adapters/hono/index.ts';
import { keycloak as koa } from '../../packages/guard/src/adapters/koa/index.ts';
import { keycloak as node } from '../../packages/guard/src/adapters/node/index.ts';
import type { TokenVerifier, Verifier } from '../../packages/guard/src/core/index.ts';
import { partsOf } from '../../packages/guard/src/core/internal.ts';
import { createTestRealm } from '../support/test-realm.ts';

type Closed = { readonly verifier: TokenVerifier<object>; close(): Promise<void> };
const ADAPTERS = { express, hapi, hono, koa, node, fetch: fetchKeycloak } as unknown as Readonly<
  Record<string, (options: object) => Closed>
>;

for (const [name, make] of Object.entries(ADAPTERS)) {
  test(`${name}: what is closed has ended, with what its verifier does in the background`, async () => {
    const { serverUrl, realm, clientId, fetch } = createTestRealm();
    const kc = make({ serverUrl, realm, clientId, fetch, onNotice: false });
    const order: string[] = [];
    let end = (): void => {};
    const [verifier] = kc.verifier.members;
    partsOf(verifier as Verifier<object>)?.atClose.add(async () => {
      await new Promise<void>((resolve) => {
        end = resolve;
      });
      order.push('ended');
    });
    const closing = kc.close().then(() => order.push('closed'));
    for (let i = 0; i < 10; i++) await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(order, []);
    end();
    await closing;
    assert.deepEqual(order, ['ended', 'closed']);
  });

  test(`${name}: a verifier that the application made is left to it`, async () => {
    const verifier = createTestRealm().verifier();
    let isClosed = false;
    partsOf(verifier)?.atClose.add(async () => {
      isClosed = true;
    });
    await make({ verifier }).close();
    assert.equal(isClosed, false);
    await verifier.close();
    assert.equal(isClosed, true);
  });
}
