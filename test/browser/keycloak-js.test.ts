import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type Stage, setUpFrontEnd, signIn, titled } from './front-end.ts';

/** keycloak-js as a page has it, with the options of the call and nothing else. */
const pageOf = (url: string, options: object) => `<!doctype html>
<meta charset="utf-8"><title>starting</title>
<script type="module">
import Keycloak from '/library.js';
const keycloak = new Keycloak({ url: ${JSON.stringify(url)}, realm: 'testing', clientId: 'web-app' });
window.keycloak = keycloak;
keycloak.onAuthLogout = () => { document.title = 'logged out'; };
keycloak.init(${JSON.stringify(options)}).then(
  (authenticated) => { document.title = authenticated ? 'signed in' : 'signed out'; },
  (error) => { document.title = 'failed: ' + (error?.message ?? JSON.stringify(error)); },
);
</script>`;

/** @param host how the browser calls the provider: the app is always at `localhost` */
const setUp = (t: TestContext, options: object, host = 'localhost'): Promise<Stage> =>
  setUpFrontEnd(t, {
    library: import.meta.resolve('keycloak-js'),
    toPage: (idp) => pageOf(`http://${host}:${idp.port}`, options),
  });

test('keycloak-js with its defaults signs in, reads the profile and the user, refreshes and signs out', async (t) => {
  const { page, app, said } = await setUp(t, { onLoad: 'login-required' });
  await page.goto(app);
  await signIn(page);
  await titled(page, 'signed in');
  const profile = await page.evaluate('keycloak.loadUserProfile()');
  assert.equal((profile as { email: string }).email, 'abdullah@example.com');
  const user = await page.evaluate('keycloak.loadUserInfo()');
  assert.equal((user as { preferred_username: string }).preferred_username, 'abdullah');
  assert.equal(await page.evaluate('keycloak.updateToken(-1)'), true);
  assert.equal(await page.evaluate('keycloak.hasRealmRole("user")'), true);
  await page.evaluate('keycloak.logout({ redirectUri: location.origin + "/" })');
  await page.waitForSelector('#kc-form-login');
  assert.deepEqual(said, []);
});

test('keycloak-js finds out without asking whether somebody is signed in, and when nobody is any more', async (t) => {
  const { idp, page, app, said } = await setUp(t, { onLoad: 'check-sso', checkLoginIframeInterval: 1 });
  await page.goto(app);
  await titled(page, 'signed out');
  await page.evaluate('keycloak.login()').catch(() => {});
  await page.waitForSelector('#kc-form-login');
  await signIn(page);
  await titled(page, 'signed in');
  await page.goto(app);
  await titled(page, 'signed in');
  // In another tab somebody signs out.
  const idToken = await page.evaluate('keycloak.idToken');
  const other = await page.context().newPage();
  await other.goto(
    `${idp.issuer}/protocol/openid-connect/logout?id_token_hint=${idToken}`.replace('127.0.0.1', 'localhost'),
  );
  await titled(page, 'logged out');
  assert.deepEqual(said, []);
});

test('keycloak-js checks by a redirect where its frames are switched off', async (t) => {
  const { page, app, said } = await setUp(t, { onLoad: 'check-sso', checkLoginIframe: false });
  await page.goto(app);
  await titled(page, 'signed out');
  await page.evaluate('keycloak.login()').catch(() => {});
  await page.waitForSelector('#kc-form-login');
  await signIn(page);
  await titled(page, 'signed in');
  assert.deepEqual(said, []);
});

test('keycloak-js goes on without frames where the provider is another site', async (t) => {
  const { page, app, said } = await setUp(t, { onLoad: 'check-sso' }, '127.0.0.1');
  await page.goto(app);
  await titled(page, 'signed out');
  assert.ok(
    said.every((line) => /blocking access to 3rd-party cookies/.test(line)),
    said.join('\n'),
  );
  await page.evaluate('keycloak.login()').catch(() => {});
  await page.waitForSelector('#kc-form-login');
  await signIn(page);
  await titled(page, 'signed in');
});

test('a person lets a device in', async (t) => {
  const { idp, page } = await setUp(t, {});
  const attributes = { 'oauth2.device.authorization.grant.enabled': 'true' };
  idp.updateClient('other-service', { attributes });
  const client = { client_id: 'other-service', client_secret: 'for-development-only-too' };
  const base = `${idp.issuer}/protocol/openid-connect`;
  const post = async (path: string, fields: Record<string, string>) => {
    const answer = await fetch(base + path, {
      method: 'POST',
      body: new URLSearchParams({ ...client, ...fields }),
    });
    return (await answer.json()) as Record<string, string>;
  };
  const device = await post('/auth/device', { scope: 'openid' });
  await page.goto(device.verification_uri!);
  await page.fill('#device_user_code', 'WRNG-CODE');
  await page.click('#kc-login');
  await page.getByText('Invalid code, please try again.').waitFor();
  await page.fill('#device_user_code', device.user_code!);
  await page.click('#kc-login');
  await signIn(page);
  await page.getByText('Do you grant these access privileges?').waitFor();
  await page.click('#kc-login');
  await page.getByText('Device Login Successful').waitFor();
  const grant_type = 'urn:ietf:params:oauth:grant-type:device_code';
  const tokens = await post('/token', { grant_type, device_code: device.device_code! });
  assert.equal(tokens.token_type, 'Bearer');
});
