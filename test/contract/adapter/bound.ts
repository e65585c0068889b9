import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createDpopClient } from '../../support/dpop.ts';
import { openRawClient } from '../../support/raw-client.ts';
import { createTestRealm } from '../../support/test-realm.ts';
import { type Adapter, startApp } from './adapter.ts';
import { without } from './set-up.ts';

/** What is the same with every framework, of tokens that are bound to a key. */
export function describeBound(adapter: Adapter): void {
  describe(`${adapter.name}, tokens that are bound to a key`, () => {
    test('lets in who has a token and a proof for the whole URL, and tells of nonces', async (t) => {
      const realm = createTestRealm();
      const { serverUrl, realm: name, clientId, fetch, clock } = realm;
      const dpop = { mode: 'accepted', nonceSecret: 'n'.repeat(32) } as const;
      const keycloak = { serverUrl, realm: name, clientId, fetch, clock, onNotice: false, dpop } as const;
      const app = await startApp(t, adapter, { keycloak });
      const call = app.fetch ?? globalThis.fetch;
      const client = createDpopClient();
      const token = realm.mint({ typ: 'DPoP', cnf: { jkt: client.jkt }, exp: realm.now + 3_600 });
      const send = (path: string, nonce: string | undefined, uri = `${app.url}${path}`) =>
        call(`${app.url}${path}?page=2`, {
          headers: {
            authorization: `DPoP ${token}`,
            dpop: client.proof({ token, uri, now: realm.now }, { claims: { nonce } }),
          },
        });

      const asked = await send('/guarded', undefined);
      const nonce = asked.headers.get('dpop-nonce') ?? assert.fail('no nonce was told');
      assert.equal(asked.status, 401);
      assert.match(
        String(asked.headers.get('www-authenticate')),
        /^Bearer, DPoP algs="[^"]+", error="use_dpop_nonce"/,
      );
      for (const path of ['/guarded', '/nested/deep/guarded', '/async']) {
        const answer = await send(path, nonce);
        assert.deepEqual([answer.status, await answer.json()], [200, { username: 'abdullah' }], path);
        assert.equal(answer.headers.get('dpop-nonce'), null);
      }
      assert.equal((await send('/nested/deep/guarded', nonce, `${app.url}/guarded`)).status, 401);
      const bearer = await call(`${app.url}/guarded`, {
        headers: { authorization: `Bearer ${token}` },
      });
      assert.equal(bearer.status, 401);
      realm.advance(300);
      const later = await send('/guarded', nonce);
      assert.equal(later.status, 200);
      assert.match(String(later.headers.get('dpop-nonce')), /^[\w-]{43}$/);
    });

    test('a request that names two hosts is for none of them', without(adapter, 'http1'), async (t) => {
      const realm = createTestRealm();
      const { serverUrl, realm: name, clientId, fetch, clock } = realm;
      const keycloak = { serverUrl, realm: name, clientId, fetch, clock, onNotice: false } as const;
      const app = await startApp(t, adapter, { keycloak: { ...keycloak, dpop: 'accepted' } });
      const client = createDpopClient();
      const token = realm.mint({ typ: 'DPoP', cnf: { jkt: client.jkt } });
      const statusOf = async (...hosts: string[]) => {
        const { socket, received, ended } = await openRawClient(app.url);
        const proof = client.proof({ token, uri: `${app.url}/guarded`, now: realm.now });
        const lines = [
          'GET /guarded HTTP/1.1',
          ...hosts.map((host) => `Host: ${host}`),
          'Connection: close',
          `Authorization: DPoP ${token}`,
          `DPoP: ${proof}`,
        ];
        socket.write(`${lines.join('\r\n')}\r\n\r\n`);
        await ended;
        return /^HTTP\/1\.1 (\d+)/.exec(received())?.[1];
      };
      const { host } = new URL(app.url);
      assert.equal(await statusOf(host), '200');
      // A proxy in front may have looked at the last.
      for (const hosts of [
        [host, 'other.example'],
        ['other.example', host],
      ]) {
        assert.match(String(await statusOf(...hosts)), /^40[01]$/);
      }
    });
  });
}
