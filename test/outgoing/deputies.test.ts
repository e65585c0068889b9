import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { isAuthError, OptionsError, type Principal } from '../../packages/guard/src/core/index.ts';
import {
  bearerOf,
  call,
  claimsOf,
  clientOf,
  type Service,
  signIn,
  startService,
} from '../contract/calling/stage.ts';
import { toUser } from '../keycloak/support/user.ts';
import { clientScopes, clients, OTHER_USER, USER } from '../support/calling-realm.ts';
import { startTestIdp } from '../support/dev-idp.ts';

// Whoever gets a token tries to use it for what it was not given for. `shop` calls `orders` in the name of its callers.

const users = [toUser(USER), { ...toUser(OTHER_USER), email: 'sara@example.com' }];
type Idp = Awaited<ReturnType<typeof startTestIdp>>;

let idp: Idp;
let other: Idp;
let shop: Service;
let orders: Service;
let evil: { readonly origin: string; readonly seen: string[]; close(): void };

/** A server of somebody else, which writes down what it is sent. */
async function startEvil() {
  const seen: string[] = [];
  const server = createServer((request, response) => {
    seen.push(JSON.stringify(request.headers));
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { origin, seen, close: () => server.close() };
}

before(async () => {
  idp = await startTestIdp({ realm: { realm: 'calling', clients, clientScopes, users } });
  other = await startTestIdp({ realm: { realm: 'other', clients, clientScopes, users } });
  evil = await startEvil();
  orders = await startService(idp, 'orders');
  shop = await startService(idp, 'shop');
  const toOrders = shop.calls.fetchFor({ origin: orders.origin, audience: 'orders', scope: 'to-orders' });
  shop.handler = async (request, response) => {
    const answer = await toOrders(request, '/orders/7').catch((error: unknown) => error);
    if (isAuthError(answer)) response.writeHead(answer.statusCode).end(answer.code);
    else response.writeHead((answer as Response).status).end(await (answer as Response).text());
  };
});
after(async () => {
  await Promise.all([shop?.close(), orders?.close(), idp?.close(), other?.close()]);
  evil?.close();
});

const tokenFor = (service: Service, audience: string) =>
  service.calls.tokenFor({ audience, scope: `to-${audience}` });
const principalOf = (service: Service, token: string) =>
  service.kc.verifier.verify(token) as Promise<Principal>;
/** What `shop` has made of a caller's token for `orders`: in the hands of `orders`. */
const heldByOrders = async (token: string) => tokenFor(shop, 'orders')(await principalOf(shop, token));
const codeOf = (error: unknown) => (isAuthError(error) ? `${error.statusCode} ${error.code}` : String(error));
const refusalOf = async (promise: Promise<unknown>) =>
  codeOf(
    await promise.then(
      () => 'let in',
      (error: unknown) => error,
    ),
  );

describe('a confused deputy gets nothing: it is refused', () => {
  it('a caller’s token is good for the whole way', async () => {
    assert.equal((await call(shop, (await signIn(idp)).accessToken)).status, 200);
  });

  /** Whatever a caller may send to `shop`, and what it is answered. */
  const sent: Readonly<Record<string, () => Promise<string>>> = {
    'a token for another service': async () =>
      (await clientOf(idp, 'orders').passwordGrant({ ...USER, scope: 'to-stock' })).accessToken,
    'the token that shop got for orders, sent back': async () =>
      heldByOrders((await signIn(idp)).accessToken),
    'the token of shop’s own service account, sent back': () => shop.calls.tokenAs({ scope: 'to-orders' })(),
    'a token that shop got from a sign-in, without being in its audience': async () =>
      (await clientOf(idp, 'shop').passwordGrant({ ...USER, scope: 'profile' })).accessToken,
    'the token of another realm': async () => (await signIn(other)).accessToken,
    'an ID token': async () => String((await signIn(idp)).idToken),
    'a refresh token': async () => String((await signIn(idp)).refreshToken),
    'the token of a signed-out session': async () => {
      const { accessToken, refreshToken } = await signIn(idp);
      assert.equal((await call(shop, accessToken)).status, 200);
      await clientOf(idp).logout(String(refreshToken));
      return accessToken;
    },
    'a token that was revoked here alone': async () => {
      const { accessToken } = await signIn(idp);
      assert.equal((await call(shop, accessToken)).status, 200);
      const { iss, jti, exp } = claimsOf(accessToken) as { iss: string; jti: string; exp: number };
      const [verifier] = shop.kc.verifier.members;
      await verifier?.revoke({ type: 'token', issuer: iss, tokenId: jti, expiresAt: exp * 1000 } as never);
      return accessToken;
    },
    'no token': async () => '',
    'a token that was changed': async () => {
      const [header, , signature] = (await signIn(idp)).accessToken.split('.');
      const claims = { ...claimsOf((await signIn(idp, OTHER_USER)).accessToken), sub: 'somebody' };
      return [header, Buffer.from(JSON.stringify(claims)).toString('base64url'), signature].join('.');
    },
  };
  for (const [what, tokenOf] of Object.entries(sent)) {
    it(`${what}: 401, and nothing reaches orders`, async () => {
      const token = await tokenOf();
      const before = orders.seen.length;
      assert.equal((await call(shop, token)).status, 401);
      assert.equal(orders.seen.length, before);
    });
  }

  it('orders, with the exchange of an exchange: shop makes no new token of it for orders', async () => {
    const held = await heldByOrders((await signIn(idp)).accessToken);
    // The library of `orders` would not do it either.
    const refused = tokenFor(orders, 'shop')(await principalOf(orders, held));
    assert.equal(await refusalOf(refused), '403 permission_denied');
    const { accessToken: back } = await clientOf(idp, 'orders').exchange({
      ...{ subjectToken: held, audience: 'shop', scope: 'to-shop' },
    });
    assert.deepEqual([claimsOf(back).azp, claimsOf(back).aud], ['orders', 'shop']);
    const before = orders.seen.length;
    const answer = await call(shop, back);
    assert.deepEqual([answer.status, await answer.text()], [403, 'permission_denied']);
    assert.equal(orders.seen.length, before);
  });

  it('what is kept for one user, for all others', async () => {
    const [own, theirs] = [await signIn(idp), await signIn(idp, OTHER_USER)];
    const [one, two] = [await heldByOrders(own.accessToken), await heldByOrders(theirs.accessToken)];
    assert.equal(claimsOf(one).sub, claimsOf(own.accessToken).sub);
    assert.equal(claimsOf(two).sub, claimsOf(theirs.accessToken).sub);
  });

  it('what is kept for one session, for another one of the same user', async () => {
    const [phone, laptop] = [await signIn(idp), await signIn(idp)];
    assert.equal(claimsOf(await heldByOrders(phone.accessToken)).sid, claimsOf(phone.accessToken).sid);
    assert.equal(claimsOf(await heldByOrders(laptop.accessToken)).sid, claimsOf(laptop.accessToken).sid);
    await clientOf(idp).logout(String(phone.refreshToken));
    assert.equal((await call(shop, phone.accessToken)).status, 401);
    assert.equal((await call(shop, laptop.accessToken)).status, 200);
  });

  it('what is kept for one service, for another one', async () => {
    const principal = await principalOf(shop, (await signIn(idp)).accessToken);
    assert.equal(claimsOf(await tokenFor(shop, 'orders')(principal)).aud, 'orders');
    assert.equal(claimsOf(await tokenFor(shop, 'stock')(principal)).aud, 'stock');
  });

  it('the caller’s own token: it is never passed through, whoever asks for that', async () => {
    const { accessToken } = await signIn(idp);
    const principal = await principalOf(shop, accessToken);
    let shown = '';
    orders.handler = (request, response) => {
      shown = bearerOf(request);
      response.end();
    };
    const toOrders = shop.calls.fetchFor({ origin: orders.origin, audience: 'orders', scope: 'to-orders' });
    for (const headers of [
      undefined,
      { authorization: `Bearer ${accessToken}` },
      new Headers({ Authorization: 'x' }),
    ]) {
      await toOrders(principal, '/', headers === undefined ? {} : { headers });
      assert.notEqual(shown, accessToken);
      assert.equal(claimsOf(shown).aud, 'orders');
    }
  });

  for (const path of [
    '//evil.example/x',
    'http://evil.example/x',
    '\\\\evil.example\\x',
    '/\\evil.example/x',
    'http://orders@evil.example/',
    'http:evil',
    'javascript:alert(1)',
    '\thttp://evil.example/',
    'file:///etc/passwd',
    'BLOB',
    'USER',
  ]) {
    it(`the address ${JSON.stringify(path)}: no call is made`, async () => {
      let calls = 0;
      const count = (async () => {
        calls++;
        return new Response();
      }) as typeof fetch;
      const principal = await principalOf(shop, (await signIn(idp)).accessToken);
      const options = { origin: orders.origin, scope: 'to-orders', fetch: count };
      const toOrders = shop.calls.fetchFor({ ...options, audience: 'orders' });
      const asShop = shop.calls.fetchAs(options);
      const { host } = new URL(orders.origin);
      // Its origin is that of the service, and it is read from the memory of this process.
      const at = path.replace('BLOB', `blob:${orders.origin}/x`).replace('USER', `http://user@${host}/`);
      for (const send of [() => toOrders(principal, at), () => asShop(at)]) {
        const before = calls;
        await send().catch((error: unknown) => assert.ok(error instanceof TypeError, String(error)));
        // `http:evil` is a path of the same origin, as browsers read it.
        assert.equal(calls - before, path === 'http:evil' ? 1 : 0);
      }
    });
  }

  it('a redirect to another origin: the token is not carried there', async () => {
    orders.handler = (_, response) => response.writeHead(307, { location: `${evil.origin}/collect` }).end();
    const principal = await principalOf(shop, (await signIn(idp)).accessToken);
    const toOrders = shop.calls.fetchFor({ origin: orders.origin, audience: 'orders', scope: 'to-orders' });
    const asShop = shop.calls.fetchAs({ origin: orders.origin, scope: 'to-orders' });
    for (const answer of [
      await toOrders(principal, '/'),
      await toOrders(principal, '/', { redirect: 'follow', method: 'POST', body: 'x' }),
      await asShop('/', { redirect: 'follow' }),
    ]) {
      assert.equal(answer.status, 307);
    }
    assert.deepEqual(evil.seen, []);
  });

  it('a principal that no guard has made, or that is a copy', async () => {
    const principal = await principalOf(shop, (await signIn(idp)).accessToken);
    const ask = tokenFor(shop, 'orders');
    assert.equal(await refusalOf(ask({ ...principal })), '500 provider_misconfigured');
    assert.equal(await refusalOf(ask({ headers: {} } as never)), '401 missing_token');
  });

  it('a token that Keycloak was asked to bind to a key and did not: it is not sent', async () => {
    const unbinding = await startService(idp, 'shop', {
      fetch: (url, { headers, ...init } = {}) => {
        const { dpop: _, ...rest } = Object.fromEntries(new Headers(headers));
        return fetch(url, { ...init, headers: rest });
      },
    });
    orders.seen.length = 0;
    const target = { origin: orders.origin, audience: 'orders', scope: 'to-orders', dpop: true };
    const principal = await principalOf(unbinding, (await signIn(idp)).accessToken);
    const { calls } = unbinding;
    assert.equal(await refusalOf(calls.fetchFor(target)(principal, '/')), '500 provider_misconfigured');
    assert.equal(await refusalOf(calls.fetchAs(target)('/')), '500 provider_misconfigured');
    assert.deepEqual(orders.seen, []);
    await unbinding.close();
  });

  it('a service that refuses every token: it gets two, and no more are asked for', async () => {
    const refusing = await startService(idp, 'orders', { audience: 'orders' });
    let calls = 0;
    refusing.handler = (_, response) => {
      calls++;
      response.writeHead(401, { 'www-authenticate': 'Bearer error="invalid_token"' }).end();
    };
    const principal = await principalOf(shop, (await signIn(idp)).accessToken);
    const toOrders = shop.calls.fetchFor({ origin: refusing.origin, audience: 'orders', scope: 'to-orders' });
    const asked = shop.asked.count;
    for (let i = 0; i < 5; i++) assert.equal((await toOrders(principal, '/')).status, 401);
    assert.equal(calls, 5);
    assert.equal(shop.asked.count, asked + 1);
    await refusing.close();
  });
});

describe('a service that lets deputies in does not start', () => {
  const wrongOf = (run: () => unknown) => {
    try {
      run();
    } catch (error) {
      assert.ok(error instanceof OptionsError, String(error));
      return `${error.message.split(':')[0]}: ${error.problems.map(({ option }) => option)}`;
    }
    return 'started';
  };
  const to = { origin: 'https://orders.internal', audience: 'orders' };

  it('without its own audience', async () => {
    const service = await startService(idp, 'shop', { audience: undefined, tokenCheck: 'local' });
    assert.equal(
      wrongOf(() => service.calls.fetchFor(to)),
      'keycloak.fetchFor: audience',
    );
    assert.equal(
      wrongOf(() => service.calls.tokenFor({ audience: 'orders' })),
      'keycloak.tokenFor: audience',
    );
    // In its own name nobody's token is exchanged.
    assert.equal(
      wrongOf(() => service.calls.fetchAs(to)),
      'started',
    );
    // What would be let in without it: the token that it got for others.
    const held = await heldByOrders((await signIn(idp)).accessToken);
    assert.equal((await call(service, held)).status, 200);
    await service.close();
  });

  it('without a credential, or with an option that is wrong', async () => {
    const open = await startService(idp, 'shop', { credential: undefined as never, tokenCheck: 'local' });
    for (const run of [
      () => open.calls.fetchFor(to),
      () => open.calls.fetchAs(to),
      () => open.calls.tokenAs(),
    ]) {
      assert.match(wrongOf(run), /: credential$/);
    }
    await open.close();
    for (const [options, option] of [
      [{ ...to, origin: 'https://orders.internal/path' }, 'origin'],
      [{ ...to, origin: 'https://user:pw@orders.internal' }, 'origin'],
      [{ ...to, origin: 'ftp://orders.internal' }, 'origin'],
      [{ ...to, origin: 'orders.internal' }, 'origin'],
      [{ ...to, audience: '' }, 'audience'],
      [{ ...to, audience: undefined }, 'audience'],
      [{ ...to, scope: ' x' }, 'scope'],
      [{ ...to, scope: 'x  y' }, 'scope'],
      [{ ...to, timeoutMs: 1 }, 'timeoutMs'],
      [{ ...to, dpop: 'true' }, 'dpop'],
      [{ ...to, audiences: 'x' }, 'audiences'],
    ] as const) {
      assert.equal(
        wrongOf(() => shop.calls.fetchFor(options as never)),
        `keycloak.fetchFor: ${option}`,
      );
    }
  });
});
