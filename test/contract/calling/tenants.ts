import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { keycloak, type NodeKeycloak } from '../../../packages/guard/src/adapters/node/index.ts';
import { isAuthError, type Principal } from '../../../packages/guard/src/core/index.ts';
import { plainFetch } from '../../../packages/testing/src/sign-in.ts';
import { SECRET, USER } from '../../support/calling-realm.ts';
import { bearerOf, type CallingProvider, claimsOf, clientOf } from './stage.ts';

/** A provider with two realms of `test/support/calling-realm.ts`. */
export interface TwoRealms extends Pick<CallingProvider, 'url' | 'logoutUser' | 'close'> {
  /** Names of the realms; users are signed out in the first. */
  readonly realms: readonly [string, string];
}

/** Tenants of `shop` by their host: two names of this machine, so that no name server is needed. */
const HOSTS = ['127.0.0.1', 'localhost'] as const;
type Host = (typeof HOSTS)[number];

/** A service for both realms calls another one for both, on behalf of its callers and as itself: on every provider. */
export function testTenantCalling(name: string, start: () => Promise<TwoRealms>): void {
  describe(`services of tenants that call services, on ${name}`, () => {
    let provider: TwoRealms;
    let shop: NodeKeycloak;
    const seen: Record<string, unknown>[] = [];
    /** Calls to token endpoints. */
    const asked: string[] = [];
    const hosts = new Map<string, string>();
    const servers: ReturnType<typeof createServer>[] = [];
    let onBehalf: ReturnType<NodeKeycloak['fetchFor']>;
    let asItself: ReturnType<NodeKeycloak['fetchAs']>;
    let port: number;
    /** Of the last request. */
    let caller: Principal | undefined;

    async function listen(handler: (request: IncomingMessage, response: ServerResponse) => unknown) {
      const server = createServer(handler);
      servers.push(server);
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return (server.address() as AddressInfo).port;
    }

    const common = (clientId: string) => ({
      ...{ serverUrl: provider.url, clientId, audience: clientId, credential: { secret: SECRET } },
      tokenCheck: 'remote' as const,
      ...{ timeoutMs: 30_000, onNotice: false as const },
    });

    before(async () => {
      provider = await start();
      for (const [at, host] of HOSTS.entries()) hosts.set(host, provider.realms[at] as string);
      const orders = keycloak({
        ...common('orders'),
        tenants: {
          ofIssuer: (iss) => provider.realms.find((realm) => iss === `${provider.url}/realms/${realm}`),
          get: (realm) => ({ realm }),
        },
      });
      const ordersAt = await listen(
        orders.guard({}, (request, response) => {
          seen.push(claimsOf(bearerOf(request)));
          response.end(JSON.stringify(request.principal.tenant));
        }) as never,
      );
      shop = keycloak({
        ...common('shop'),
        tenants: {
          of: ({ hostname }) => hosts.get(hostname),
          get: async (name) => (provider.realms.includes(name) ? { realm: name } : undefined),
        },
        fetch: (url, init) => {
          if (String(url).endsWith('/token')) asked.push(String(url));
          return fetch(url, init);
        },
      });
      const target = { origin: `http://127.0.0.1:${ordersAt}`, audience: 'orders', scope: 'to-orders' };
      onBehalf = shop.fetchFor(target);
      asItself = shop.fetchAs(target);
      const guarded = shop.guard({}, async (request, response) => {
        caller = request.principal as Principal;
        const answer = await (request.url === '/as' ? asItself.of(request)('/') : onBehalf(request, '/'));
        response.end(await answer.text());
      });
      port = await listen(guarded as never);
    });
    after(async () => {
      for (const server of servers) server.close().closeAllConnections();
      await shop?.close();
      await provider?.close();
    });

    const signIn = (realm: string) =>
      clientOf({ ...provider, realm }).passwordGrant({ ...USER, scope: 'openid' });
    const get = async (host: Host, path: string, token: string) => {
      const headers = { authorization: `Bearer ${token}` };
      const answer = await plainFetch(`http://${host}:${port}${path}`, { headers });
      return answer.ok ? JSON.parse(await answer.text()) : answer.status;
    };
    const both = () => Promise.all(provider.realms.map(async (realm) => (await signIn(realm)).accessToken));

    it('each call carries a token of the tenant’s own realm, of its caller or of its service account', async () => {
      for (const [at, token] of (await both()).entries()) {
        for (const path of ['/for', '/as']) {
          assert.equal(await get(HOSTS[at] as Host, path, token), provider.realms[at]);
          const { iss, sub, azp } = seen.at(-1) as Record<string, unknown>;
          assert.deepEqual([iss, azp], [claimsOf(token).iss, 'shop']);
          assert.equal(sub === claimsOf(token).sub, path === '/for');
        }
      }
    });

    it('a token of one tenant is taken, exchanged and answered for at no other', async () => {
      const [one, two] = (await both()) as [string, string];
      const [asks, calls] = [asked.length, seen.length];
      for (const path of ['/for', '/as']) {
        assert.deepEqual([await get('localhost', path, one), await get('127.0.0.1', path, two)], [401, 401]);
      }
      assert.deepEqual([asked.length, seen.length], [asks, calls]);
    });

    it('a token is asked for once in each realm, and never for the other', async () => {
      const tokens = await both();
      const all = () =>
        Promise.all(
          tokens.flatMap((token, at) => ['/for', '/as'].map((path) => get(HOSTS[at] as Host, path, token))),
        );
      await all();
      const from = asked.length;
      assert.deepEqual(
        await all(),
        provider.realms.flatMap((realm) => [realm, realm]),
      );
      assert.equal(asked.length, from);
    });

    it('work without a request names its tenant', async () => {
      for (const realm of provider.realms) {
        assert.equal(await (await asItself.ofTenant(realm)('/')).json(), realm);
        const token = claimsOf(await shop.tokenAs({ scope: 'to-orders' }).ofTenant(realm)());
        assert.deepEqual([token.iss, token.azp], [`${provider.url}/realms/${realm}`, 'shop']);
      }
      await assert.rejects(asItself.ofTenant('none-of-these')('/'), (error) => {
        assert.ok(isAuthError(error), String(error));
        return error.code === 'tenant_unknown';
      });
    });

    it('who signed out in one realm calls nobody there, and is somebody else in the other', async () => {
      const [one, two] = (await both()) as [string, string];
      assert.deepEqual(
        [await get('127.0.0.1', '/for', one), await get('localhost', '/for', two)],
        provider.realms,
      );
      await provider.logoutUser(USER.username);
      assert.deepEqual(
        [await get('127.0.0.1', '/for', one), await get('localhost', '/for', two)],
        [401, provider.realms[1]],
      );
    });

    it('a tenant that is removed is gone at once', async () => {
      const [one] = (await both()) as [string, string];
      assert.equal(await get('127.0.0.1', '/for', one), provider.realms[0]);
      const principal = caller;
      hosts.delete('127.0.0.1');
      const from = asked.length;
      for (const path of ['/for', '/as']) assert.equal(await get('127.0.0.1', path, one), 404);
      assert.equal(asked.length, from);
      hosts.set('127.0.0.1', provider.realms[0]);
      assert.equal(await (await onBehalf(principal as Principal, '/')).json(), provider.realms[0]);
    });
  });
}
