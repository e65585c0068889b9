// The realm files that pages show are read by the embedded provider.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { codeBlocks } from '../../tools/docs/documents.ts';
import { startTestIdp } from '../support/dev-idp.ts';

const USERS = [{ username: 'ann' }];

/** The JSON of a page that has this member. */
function jsonOf(page: string, member: string) {
  const blocks = codeBlocks(page).filter(({ language }) => language === 'json');
  const block =
    blocks.find(({ text }) => text.includes(`"${member}"`)) ?? assert.fail(`${page}: no ${member}`);
  return JSON.parse(block.text);
}

const claimsOf = (token: string) => JSON.parse(Buffer.from(`${token.split('.')[1]}`, 'base64url').toString());

test('a client scope adds its audience where it is requested, and the built-in scopes stay', async (t) => {
  const shown = jsonOf('docs/embedded-provider.md', 'clientScopes');
  const idp = await startTestIdp({ realm: { realm: 'shop', users: USERS, ...shown } });
  t.after(() => idp.close());
  const tokenOf = async (scope?: string) =>
    claimsOf(await idp.issueToken({ username: 'ann', clientId: 'shop-web', ...(scope && { scope }) }));
  const [without, withScope] = [await tokenOf(), await tokenOf('orders:read')];
  assert.deepEqual([without.aud, withScope.aud], [undefined, 'orders']);
  assert.match(withScope.scope, /\borders:read\b/);
  assert.equal(without.preferred_username, 'ann');
});

test('the page of a realm file may call from its origin, return to its address, and its tokens are for the API', async (t) => {
  const page = jsonOf('docs/single-page-apps.md', 'shop-page');
  const realm = {
    realm: 'shop',
    users: USERS,
    clients: [{ clientId: 'shop-api', secret: 'for-tests' }, page],
  };
  const idp = await startTestIdp({ realm });
  t.after(() => idp.close());
  assert.equal(claimsOf(await idp.issueToken({ username: 'ann', clientId: 'shop-page' })).aud, 'shop-api');
  const endpoint = `${idp.issuer}/protocol/openid-connect`;
  const origin = 'http://localhost:5173';
  const refused = await fetch(`${endpoint}/token`, {
    method: 'POST',
    headers: { origin },
    body: new URLSearchParams({ grant_type: 'authorization_code', client_id: 'shop-page', code: 'x' }),
  });
  assert.equal(refused.headers.get('access-control-allow-origin'), origin);
  const statusOf = async (path: string, query: Record<string, string>) =>
    (await fetch(`${endpoint}/${path}?${new URLSearchParams(query)}`, { redirect: 'manual' })).status;
  const login = {
    client_id: 'shop-page',
    response_type: 'code',
    scope: 'openid',
    code_challenge: 'c'.repeat(43),
  };
  const pkce = { ...login, code_challenge_method: 'S256' };
  assert.equal(await statusOf('auth', { ...pkce, redirect_uri: `${origin}/callback` }), 200);
  assert.equal(await statusOf('auth', { ...pkce, redirect_uri: `${origin}/orders/5` }), 400);
  const logout = { client_id: 'shop-page', post_logout_redirect_uri: `${origin}/` };
  assert.notEqual(await statusOf('logout', logout), 400);
});
