import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { createDpopKey } from '../../packages/guard/src/client/internal.ts';
import { createCarryingFetch } from '../../packages/guard/src/outgoing/carrying-fetch.ts';
import type { TokenSource } from '../../packages/guard/src/outgoing/options.ts';
import { decodePart } from '../support/signing-keys.ts';

const ORIGIN = 'https://orders.internal';
const INVALID = { 'www-authenticate': 'Bearer realm="x", error="invalid_token"' };
type Send = (request: Request) => Response | Promise<Response>;

/** A service, and tokens `token-1`, `token-2` … one for each that is dropped. */
function start(send: Send, timeoutMs = 10_000, key?: TokenSource['key']) {
  const sent: Request[] = [];
  let number = 1;
  const source: TokenSource = {
    key,
    get: async () => `token-${number}`,
    drop: (token) => {
      if (token === `token-${number}`) number++;
    },
  };
  const carry = createCarryingFetch({
    origin: ORIGIN,
    timeoutMs,
    fetch: (async (url: URL, init: RequestInit) => {
      const request = new Request(url, { ...init, duplex: 'half' } as RequestInit);
      sent.push(request);
      return send(request);
    }) as typeof fetch,
  });
  const call = (path: string | URL, init?: RequestInit) => carry(source, path, init);
  return { call, sent, source, tokens: () => sent.map(({ headers }) => headers.get('authorization')) };
}
const once = (first: Response): Send => {
  let isFirst = true;
  return () => {
    const answer = isFirst ? first : new Response('good');
    isFirst = false;
    return answer;
  };
};

describe('a fetch that carries a token', () => {
  it('lets no framework keep the answers, unless the caller says so', async () => {
    const { call, sent } = start(() => new Response('good'));
    await call('/orders');
    await call('/prices', { cache: 'force-cache' });
    assert.deepEqual(
      sent.map(({ cache }) => cache),
      ['no-store', 'force-cache'],
    );
  });

  it('has the signature of fetch: path or URL, and what belongs to a request', async () => {
    const { call, sent } = start(() => new Response('good'));
    await call('/orders/7?x=1', {
      method: 'POST',
      body: '{}',
      headers: { 'content-type': 'application/json' },
    });
    await call(new URL('/a', ORIGIN));
    await call(`${ORIGIN}/b`);
    assert.deepEqual(
      sent.map(({ method, url }) => `${method} ${url}`),
      [`POST ${ORIGIN}/orders/7?x=1`, `GET ${ORIGIN}/a`, `GET ${ORIGIN}/b`],
    );
    const [first] = sent as [Request];
    assert.equal(first.headers.get('authorization'), 'Bearer token-1');
    assert.equal(first.headers.get('content-type'), 'application/json');
    assert.equal(await first.text(), '{}');
    assert.equal(first.redirect, 'manual');
  });

  it('carries it to no address that only begins as that of the service', async () => {
    const { call, sent } = start(() => new Response('good'));
    for (const rest of ['.evil.example/', ':444/', '@evil.example/', ':x@evil.example/', '-evil.example'])
      await assert.rejects(call(`${ORIGIN}${rest}`), TypeError, rest);
    assert.equal(sent.length, 0);
  });

  it('answers 401 invalid_token with a fresh token, once, and the same body', async () => {
    for (const body of ['x', new URLSearchParams('x'), new Uint8Array([120]), new Blob(['x'])]) {
      const { call, sent, tokens } = start(once(new Response(null, { status: 401, headers: INVALID })));
      const answer = await call('/', { method: 'POST', body: body as string });
      assert.equal(await answer.text(), 'good');
      assert.deepEqual(tokens(), ['Bearer token-1', 'Bearer token-2']);
      assert.match(await (sent[1] as Request).text(), /^x/);
    }
    const { call, tokens } = start(() => new Response(null, { status: 401, headers: INVALID }));
    assert.equal((await call('/')).status, 401);
    assert.equal(tokens().length, 2);
  });

  it('gives the connection of the first answer back before it sends again', async () => {
    const order: string[] = [];
    const body = new ReadableStream({
      async cancel() {
        await new Promise((resolve) => setImmediate(resolve));
        order.push('ended');
      },
    });
    const { call } = start(() => {
      order.push('sent');
      return order.length === 1
        ? new Response(body, { status: 401, headers: INVALID })
        : new Response('good');
    });
    await call('/');
    assert.deepEqual(order, ['sent', 'ended', 'sent']);
  });

  it('gives back every other refusal, and does not send a stream twice', async () => {
    for (const first of [
      new Response(null, { status: 401 }),
      new Response(null, { status: 401, headers: { 'www-authenticate': 'Basic realm="x"' } }),
      new Response(null, {
        status: 401,
        headers: { 'www-authenticate': 'Bearer error="insufficient_scope"' },
      }),
      new Response(null, { status: 403, headers: INVALID }),
      new Response(null, { status: 503 }),
    ]) {
      const { call, tokens } = start(once(first));
      assert.equal((await call('/')).status, first.status);
      assert.equal(tokens().length, 1);
    }
    for (const body of [
      new Blob(['x']).stream(),
      (async function* () {
        yield Buffer.from('x');
      })(),
    ]) {
      const { call, tokens } = start(once(new Response(null, { status: 401, headers: INVALID })));
      assert.equal((await call('/', { method: 'POST', body: body as never })).status, 401);
      assert.equal(tokens().length, 1);
    }
  });

  it('ends after its time, or when its caller says so', async () => {
    const hang: Send = ({ signal }) =>
      new Promise((_, reject) => {
        const alive = setInterval(() => {}, 1_000);
        signal.addEventListener('abort', () => {
          clearInterval(alive);
          reject(signal.reason);
        });
      });
    await assert.rejects(start(hang, 50).call('/'), { name: 'TimeoutError' });
    const abort = new AbortController();
    const call = start(hang).call('/', { signal: abort.signal });
    setImmediate(() => abort.abort(new Error('gone')));
    await assert.rejects(call, { message: 'gone' });
  });
});

describe('a fetch that carries a token with proofs', () => {
  const key = () => createDpopKey(true, { baseUrl: 'https://sso.example.com' });
  const startBound = (send: Send) => start(send, 10_000, key());
  const asking = (nonce: string) =>
    new Response(null, {
      status: 401,
      headers: { 'www-authenticate': 'DPoP error="use_dpop_nonce"', 'dpop-nonce': nonce },
    });
  const claims = (sent: Request[]) => sent.map(({ headers }) => decodePart(String(headers.get('dpop')), 1));

  it('proves each request for its method, address and token, whatever the headers say', async () => {
    const { call, sent } = startBound(() => new Response('good'));
    await call('/orders/7?page=2', { headers: { authorization: 'Bearer caller', dpop: 'theirs' } });
    await call('/orders', { method: 'POST', body: 'x' });
    assert.deepEqual(
      sent.map(({ headers }) => headers.get('authorization')),
      ['DPoP token-1', 'DPoP token-1'],
    );
    const ath = createHash('sha256').update('token-1').digest('base64url');
    const proofs = claims(sent);
    assert.deepEqual(
      proofs.map((proof) => [proof.htm, proof.htu, proof.ath]),
      [
        ['GET', `${ORIGIN}/orders/7`, ath],
        ['POST', `${ORIGIN}/orders`, ath],
      ],
    );
    assert.notEqual(proofs[0]?.jti, proofs[1]?.jti);
    assert.equal(await (sent[1] as Request).text(), 'x');
  });

  it('answers a nonce once, with the same body, and goes on with it; a stream is not sent twice', async () => {
    const { call, sent } = startBound(once(asking('n-1')));
    assert.equal((await call('/', { method: 'POST', body: 'x' })).status, 200);
    await call('/');
    assert.deepEqual(
      claims(sent).map(({ nonce }) => nonce),
      [undefined, 'n-1', 'n-1'],
    );
    assert.equal(await (sent[1] as Request).text(), 'x');
    const never = startBound(() => asking('n-2'));
    assert.equal((await never.call('/')).status, 401);
    assert.equal(never.sent.length, 2);
    const stream = startBound(once(asking('n-3')));
    const body = new Blob(['x']).stream();
    assert.equal((await stream.call('/', { method: 'POST', body })).status, 401);
    assert.equal(stream.sent.length, 1);
  });

  it('answers 401 invalid_token with a fresh token and its proof, once', async () => {
    const refused = () =>
      new Response(null, { status: 401, headers: { 'www-authenticate': 'DPoP error="invalid_token"' } });
    const { call, tokens } = startBound(once(refused()));
    assert.equal((await call('/')).status, 200);
    assert.deepEqual(tokens(), ['DPoP token-1', 'DPoP token-2']);
    const never = startBound(refused);
    assert.equal((await never.call('/')).status, 401);
    assert.equal(never.sent.length, 2);
  });
});
