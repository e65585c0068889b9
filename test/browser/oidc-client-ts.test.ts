import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { DevIdp, DevIdpOptions } from '../../packages/testing/src/index.ts';
import { setUpFrontEnd, signIn, titled } from './front-end.ts';

/** oidc-client-ts as a page has it, with what it cannot do without: who is asked, as whom, and where to come back. */
const pageOf = ({ issuer }: DevIdp) => `<!doctype html>
<meta charset="utf-8"><title>starting</title>
<script src="/library.js"></script>
<script type="module">
const users = new oidc.UserManager({
  authority: ${JSON.stringify(issuer)},
  client_id: 'web-app',
  redirect_uri: location.origin + '/callback',
  post_logout_redirect_uri: location.origin + '/',
});
window.users = users;
const failed = (error) => { document.title = 'failed: ' + error.message; };
if (location.pathname === '/callback') {
  users.signinCallback().then(() => { location.replace('/'); }, failed);
} else {
  users.getUser().then((user) => { document.title = user ? 'signed in' : 'signed out'; }, failed);
}
</script>`;

const setUp = (t: TestContext, options: DevIdpOptions = {}) =>
  setUpFrontEnd(t, {
    library: new URL('../browser/oidc-client-ts.min.js', import.meta.resolve('oidc-client-ts')).href,
    toPage: pageOf,
    options,
  });

test('oidc-client-ts with its defaults signs in, refreshes, renews silently and signs out', async (t) => {
  const { page, app, said } = await setUp(t);
  await page.goto(app);
  await titled(page, 'signed out');
  await page.evaluate('users.signinRedirect()').catch(() => {});
  await page.waitForSelector('#kc-form-login');
  await signIn(page);
  await titled(page, 'signed in');
  const user = (await page.evaluate('users.getUser()')) as Record<string, unknown>;
  assert.equal((user.profile as Record<string, unknown>).sub, '0b5ad5d4-6f0e-4a3c-9d61-1f0c8a4be001');
  assert.equal(user.token_type, 'Bearer');
  const renewed = (await page.evaluate('users.signinSilent()')) as Record<string, unknown>;
  assert.notEqual(renewed.access_token, user.access_token);
  await page.evaluate('users.removeUser().then(() => { location.reload(); })').catch(() => {});
  await titled(page, 'signed out');
  // The session of the browser is still there: no form.
  await page.evaluate('users.signinRedirect()').catch(() => {});
  await titled(page, 'signed in');
  await page.evaluate('users.signoutRedirect()').catch(() => {});
  await titled(page, 'signed out');
  await page.evaluate('users.signinRedirect()').catch(() => {});
  await page.waitForSelector('#kc-form-login');
  assert.deepEqual(said, []);
});

test('a person is chosen by a click from the users of the realm file', async (t) => {
  const { page, app } = await setUp(t);
  await page.goto(app);
  await page.evaluate('users.signinRedirect()').catch(() => {});
  await page.getByRole('button', { name: 'sara' }).click();
  await titled(page, 'signed in');
});

test('a member of several organizations chooses one, then another one without a form', async (t) => {
  const { idp, page, app } = await setUp(t);
  const members = [{ username: 'sara' }];
  idp.updateRealm({
    organizationsEnabled: true,
    organizations: [
      { name: 'Acme Corp', alias: 'acme', members },
      { name: 'Globex', alias: 'globex', members },
    ],
  });
  const claim = async () => {
    const { access_token } = (await page.evaluate('users.getUser()')) as { access_token: string };
    return JSON.parse(Buffer.from(access_token.split('.')[1] ?? '', 'base64url').toString()).organization;
  };
  await page.goto(app);
  await page.evaluate('users.signinRedirect({ scope: "openid organization" })').catch(() => {});
  await page.getByRole('button', { name: 'sara' }).click();
  await page.getByRole('button', { name: 'Globex' }).click();
  await page.getByRole('button', { name: 'sara' }).click();
  await titled(page, 'signed in');
  assert.deepEqual(await claim(), ['globex']);
  await page.evaluate('users.signinRedirect({ scope: "openid organization:acme" })').catch(() => {});
  await page.waitForURL(`${app}/`);
  await titled(page, 'signed in');
  assert.deepEqual(await claim(), ['acme']);
});
