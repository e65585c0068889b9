import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { isAuthError } from '../../../packages/guard/src/core/index.ts';
import { OTHER_USER, USER } from '../../support/calling-realm.ts';
import {
  type CallingProvider,
  call,
  claimsOf,
  clientOf,
  type SeenCall,
  type Service,
  signIn,
  startService,
} from './stage.ts';

/** Services that call services: the same on every provider. */
export function testCalling(name: string, start: () => Promise<CallingProvider>): void {
  describe(`services that call services, on ${name}`, () => {
    let provider: CallingProvider;
    let shop: Service;
    let orders: Service;
    let stock: Service;
    let token: string;

    before(async () => {
      provider = await start();
      [stock, orders, shop] = await Promise.all(
        ['stock', 'orders', 'shop'].map((id) => startService(provider, id)) as [
          Promise<Service>,
          Promise<Service>,
          Promise<Service>,
        ],
      );
      const toStock = orders.calls.fetchFor({ origin: stock.origin, audience: 'stock', scope: 'to-stock' });
      orders.handler = async (request, response) =>
        response.end(await (await toStock(request, '/levels')).text());
      const toOrders = shop.calls.fetchFor({ origin: orders.origin, audience: 'orders', scope: 'to-orders' });
      shop.handler = async (request, response) => {
        const answer = await toOrders(request, '/orders/7');
        response.writeHead(answer.status).end(await answer.text());
      };
      token = (await signIn(provider)).accessToken;
    });
    after(async () => {
      await Promise.all([shop, orders, stock].map((service) => service?.close()));
      await provider?.close();
    });

    it('each hop has a token for itself, of the same user and session', async () => {
      const answer = await call(shop, token);
      assert.deepEqual([answer.status, await answer.text()], [200, 'here you are']);
      const { sub, sid } = claimsOf(token);
      const hops = [shop, orders, stock].map(({ seen }) => {
        const { claims } = seen[0] as Service['seen'][number];
        assert.deepEqual([claims.sub, claims.sid], [sub, sid]);
        return [claims.azp, claims.aud];
      });
      assert.deepEqual(hops, [
        ['web', 'shop'],
        ['shop', 'orders'],
        ['orders', 'stock'],
      ]);
    });

    it('a token is exchanged once for a caller, audience and scope', async () => {
      const before = shop.asked.count;
      const answers = await Promise.all(Array.from({ length: 20 }, () => call(shop, token)));
      assert.ok(answers.every(({ status }) => status === 200));
      assert.equal(shop.asked.count, before);
      const other = (await signIn(provider, OTHER_USER)).accessToken;
      await Promise.all(Array.from({ length: 20 }, () => call(shop, other)));
      assert.equal(shop.asked.count, before + 1);
      const seen = orders.seen.at(-1)?.claims;
      assert.equal(seen?.sub, claimsOf(other).sub);
    });

    it('in its own name a service shows the token of its service account, asked for once', async () => {
      const before = shop.asked.count;
      const toStock = shop.calls.fetchAs({ origin: stock.origin, audience: 'stock', scope: 'to-stock' });
      const answers = await Promise.all(Array.from({ length: 20 }, () => toStock('/levels')));
      assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
      assert.equal(shop.asked.count, before + 1);
      const { claims } = stock.seen.at(-1) as Service['seen'][number];
      assert.equal(claims.azp, 'shop');
      assert.equal(claims.sid, undefined);
      assert.ok([claims.aud].flat().includes('stock'));
      assert.notEqual(claims.sub, claimsOf(token).sub);
      const same = shop.calls.tokenAs({ scope: 'to-stock' });
      assert.equal(claimsOf(await same()).jti, claims.jti);
    });

    it('bound to a key, a token is good with a proof for each request, and not for whoever gets hold of both', async () => {
      const dpop = { mode: 'required', nonceSecret: 'a nonce secret with 32 characters' } as const;
      const bound = await startService(provider, 'orders', { dpop });
      const target = { origin: bound.origin, audience: 'orders', scope: 'to-orders', dpop: true };
      const [inNameOf, inOwnName] = [shop.calls.fetchFor(target), shop.calls.fetchAs(target)];
      const principal = await shop.kc.verifier.verify(token);
      const before = shop.asked.count;
      const answers = [
        await inNameOf(principal, '/orders/7?page=2'),
        await inNameOf(principal, '/orders/8', { method: 'POST', body: '{}' }),
        await inOwnName('/orders/9'),
      ];
      assert.deepEqual(
        answers.map(({ status }) => status),
        [200, 200, 200],
      );
      assert.equal(shop.asked.count, before + 2);
      const [first, second, third] = bound.seen as [SeenCall, SeenCall, SeenCall];
      assert.deepEqual([first.claims.sub, first.claims.azp], [claimsOf(token).sub, 'shop']);
      assert.match(String(first.headers.authorization), /^DPoP /);
      assert.match((first.claims.cnf as { jkt: string }).jkt, /^[\w-]{43}$/);
      assert.deepEqual(third.claims.cnf, first.claims.cnf);
      assert.equal(second.headers.authorization, first.headers.authorization);
      assert.notEqual(second.headers.dpop, first.headers.dpop);
      const stolen = { authorization: String(second.headers.authorization) };
      for (const headers of [
        { ...stolen, dpop: String(second.headers.dpop) },
        stolen,
        { authorization: stolen.authorization.replace('DPoP', 'Bearer') },
      ]) {
        const refused = await fetch(`${bound.origin}/orders/8`, { method: 'POST', headers });
        assert.equal(refused.status, 401);
      }
      // What is bound and what is not are two tokens: orders takes this one without a proof.
      const { accessToken } = await signIn(provider);
      const other = await shop.kc.verifier.verify(accessToken);
      await inNameOf(other, '/orders/7');
      await shop.calls.fetchFor({ ...target, origin: orders.origin, dpop: false })(other, '/orders/7');
      assert.equal(orders.seen.at(-1)?.claims.cnf, undefined);
      await bound.close();
    });

    it('the token of a signed-out user gets nothing, whatever is kept for it', async () => {
      const [own, others] = [await signIn(provider), await signIn(provider, OTHER_USER)];
      assert.equal((await call(shop, own.accessToken)).status, 200);
      assert.equal((await call(shop, others.accessToken)).status, 200);
      await clientOf(provider).logout(own.refreshToken as string);
      const before = orders.seen.length;
      const refused = await call(shop, own.accessToken);
      assert.equal(refused.status, 401);
      assert.equal(orders.seen.length, before);
      assert.equal((await call(shop, others.accessToken)).status, 200);
    });

    it('a kept token is gone with its session, though no guard runs in between', async () => {
      const { accessToken, refreshToken } = await signIn(provider);
      const principal = await shop.kc.verifier.verify(accessToken);
      const tokenFor = shop.calls.tokenFor({ audience: 'orders', scope: 'to-orders' });
      const first = await tokenFor(principal);
      assert.equal(await tokenFor(principal), first);
      await clientOf(provider).logout(refreshToken as string);
      await assert.rejects(tokenFor(principal), (error) => {
        assert.ok(isAuthError(error), String(error));
        assert.deepEqual([error.code, error.statusCode], ['token_revoked', 401]);
        return true;
      });
    });

    for (const [what, options, id] of [
      ['a scope that brings the audience is missing', { audience: 'orders' }, /to-orders.*Audience mapper/],
      ['there is no such client', { audience: 'nobody' }, /client id of the service/],
      ['there is no such scope', { audience: 'orders', scope: 'to-nobody' }, /scope/i],
    ] as const) {
      it(`${what}: 500 for the caller, and the fix in the log, once`, async () => {
        const tokenFor = shop.calls.tokenFor(options);
        const principal = await shop.kc.verifier.verify(token);
        const before = shop.notices.length;
        for (let i = 0; i < 2; i++) {
          await assert.rejects(tokenFor(principal), (error) => {
            assert.ok(isAuthError(error), String(error));
            assert.equal(error.code, 'provider_misconfigured');
            return true;
          });
        }
        const told = shop.notices.slice(before);
        assert.deepEqual(
          told.map(({ code }) => code),
          ['calling_refused'],
        );
        assert.match(told[0]?.fix ?? '', id);
      });
    }

    it('a client that may not exchange, or is not meant by the token, is told so', async () => {
      const { accessToken } = await clientOf(provider, 'orders').passwordGrant({
        ...USER,
        scope: 'to-stock',
      });
      const principal = await stock.kc.verifier.verify(accessToken);
      await assert.rejects(stock.calls.tokenFor({ audience: 'orders' })(principal), isAuthError);
      assert.match(stock.notices.at(-1)?.fix ?? '', /Standard token exchange ON/);
      const misled = await startService(provider, 'orders', { audience: 'shop' });
      const ofShop = await misled.kc.verifier.verify(token);
      await assert.rejects(
        misled.calls.tokenFor({ audience: 'stock', scope: 'to-stock' })(ofShop),
        isAuthError,
      );
      assert.match(misled.notices.at(-1)?.message ?? '', /not in the audience/);
      await misled.close();
    });
  });
}
