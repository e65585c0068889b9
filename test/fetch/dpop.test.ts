import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Hono } from 'hono';
import { keycloak as forFetch } from '../../packages/guard/src/adapters/fetch/index.ts';
import { keycloak as forHono } from '../../packages/guard/src/adapters/hono/index.ts';
import { createDpopClient } from '../support/dpop.ts';
import { createTestRealm } from '../support/test-realm.ts';

const URI = 'http://app.example.com/orders';

for (const name of ['fetch', 'hono'] as const) {
  test(`${name}: a token that is bound to a key needs a proof for this URL, once`, async (t) => {
    const realm = createTestRealm();
    const { serverUrl, realm: realmName, clientId, fetch, clock } = realm;
    const options = { serverUrl, realm: realmName, clientId, fetch, clock, tokenCheck: 'local' } as const;
    const kc =
      name === 'fetch'
        ? forFetch({ ...options, dpop: 'accepted' })
        : forHono({ ...options, dpop: 'accepted' });
    t.after(() => kc.close());
    const app =
      'handlers' in kc
        ? kc.guard({}, () => new Response('in'))
        : new Hono().get('/orders', kc.guard(), (c) => c.text('in')).fetch;
    const client = createDpopClient();
    const token = realm.mint({ typ: 'DPoP', cnf: { jkt: client.jkt, 'kc-jkt-type': 'DPoP' } });
    const send = async (proof: string) =>
      (await app(new Request(`${URI}?page=2`, { headers: { authorization: `DPoP ${token}`, dpop: proof } })))
        .status;

    const proof = client.proof({ token, uri: URI, now: realm.now });
    assert.equal(await send(proof), 200);
    assert.equal(await send(proof), 401, 'the same proof again');
    assert.equal(
      await send(client.proof({ token, uri: `${URI}/other`, now: realm.now })),
      401,
      'for another URL',
    );
    assert.equal(
      await send(createDpopClient().proof({ token, uri: URI, now: realm.now })),
      401,
      'of another key',
    );
  });
}
