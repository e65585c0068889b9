// The same chain from a browser and from an agent: each service gets a token for itself alone, of the same user.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startAll } from './start.ts';

let all: Awaited<ReturnType<typeof startAll>>;

before(async () => {
  all = await startAll([0, 0, 0, 0]);
});
after(() => all?.close());

const ORDERS = { user: 'anna', through: 'shop', for: ['orders'] };
const STOCK = { user: 'service-account-shop', through: 'shop', for: ['orders'] };

test('a person in the browser: front end, shop, orders', async () => {
  const token = await all.idp.issueToken({ username: 'anna', clientId: 'front' });
  const answer = await fetch(all.front, { headers: { authorization: `Bearer ${token}` } });
  assert.deepEqual(
    [answer.status, await answer.json()],
    [200, { seenByShop: { user: 'anna', through: 'front', for: ['shop'] }, orders: ORDERS, stock: STOCK }],
  );
  const login = await fetch(`${all.front}/auth/login`, { redirect: 'manual' });
  assert.equal(new URL(login.headers.get('location') ?? '').origin, all.idp.url);
});

test('an agent: its tool calls shop in the name of the user, and no token is passed through', async () => {
  const token = await all.idp.issueToken({ username: 'anna', clientId: 'assistant' });
  const params = { name: 'checkout', arguments: {} };
  const answer = await fetch(all.mcpUrl, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params }),
  });
  const text = await answer.text();
  assert.equal(answer.status, 200, text);
  const { result } = JSON.parse(/\{"result.*\}/.exec(text)?.[0] ?? text);
  assert.deepEqual(JSON.parse(result.content[0].text), {
    seenByShop: { user: 'anna', through: all.mcpUrl, for: ['shop'] },
    orders: ORDERS,
    stock: STOCK,
  });
});
