import assert from 'node:assert/strict';
import { createBrowser, createChallenge } from '../browser.ts';
import {
  ABDULLAH,
  type Answer,
  assertFault,
  type Caller,
  claimsOf,
  type Fields,
  GUIDE,
  LIGHT,
  OTHER,
  pageText,
  WEB,
} from '../caller.ts';
import type { Behaviours, Scene } from '../scene.ts';
import type { TestRealm } from '../target.ts';

const GRANT = 'urn:ietf:params:oauth:grant-type:device_code';
const NO_STORE = 'no-store, must-revalidate, max-age=0';
const SAME = 'Invalid client or Invalid client credentials';
const PENDING = 'The authorization request is still pending';

interface Device {
  readonly device_code: string;
  readonly user_code: string;
  readonly verification_uri: string;
  readonly verification_uri_complete: string;
  readonly expires_in: number;
  readonly interval: number;
}

/** A realm whose clients may use the device grant, all but the lightweight one. */
const withDevices = (
  { withRealm }: Scene,
  body: (ask: Asking, caller: Caller, realm: TestRealm) => Promise<void>,
  attributes: Fields = {},
) =>
  withRealm(
    (realm) => {
      realm.oauth2DevicePollingInterval = 1;
      for (const client of realm.clients ?? []) {
        if (client.clientId === LIGHT.client_id) continue;
        const enabled = { 'oauth2.device.authorization.grant.enabled': 'true' };
        client.attributes = { ...client.attributes, ...enabled, ...attributes };
      }
    },
    (caller, realm) => body(askWith(caller), caller, realm),
  );

const askWith = (caller: Caller) => ({
  raw: (fields: Fields | string = GUIDE, headers: Fields = {}) =>
    caller.post('/auth/device', fields, headers),
  async open(fields: Fields = { ...GUIDE, scope: 'openid' }): Promise<Device> {
    const answer = await caller.post('/auth/device', fields);
    assert.equal(answer.status, 200, answer.text);
    return answer.json as unknown as Device;
  },
  poll: (device: Device, fields: Fields = GUIDE) =>
    caller.token({ ...fields, grant_type: GRANT, device_code: device.device_code }),
});
type Asking = ReturnType<typeof askWith>;
type Browser = ReturnType<typeof createBrowser>;

/** Goes where the browser is sent until there is a page. */
async function follow(browser: Browser, answer: Answer): Promise<Answer> {
  let page = answer;
  while (page.status === 302) page = await browser.visit(page.headers.get('location') ?? '');
  return page;
}

const typeIn = async (browser: Browser, { verification_uri }: Device, code: string) =>
  follow(browser, await browser.submit(await browser.visit(verification_uri), { device_user_code: code }));

async function decide(browser: Browser, device: Device, verdict: Fields, who = ABDULLAH): Promise<Answer> {
  let page = await typeIn(browser, device, device.user_code);
  if (page.text.includes('id="kc-form-login"')) page = await follow(browser, await browser.submit(page, who));
  assert.match(pageText(page), /Grant Access to .*Do you grant these access privileges\?/);
  const code = /name="code" value="([^"]+)"/.exec(page.text)?.[1] ?? '';
  return follow(browser, await browser.submit(page, { code, ...verdict }));
}

export const deviceGroup: Behaviours = {
  'a device gets a code to show, and tokens once somebody let it in': (scene) =>
    withDevices(scene, async (ask, caller, realm) => {
      const answer = await ask.raw({ ...GUIDE, scope: 'openid' });
      assert.deepEqual([answer.status, answer.headers.get('cache-control')], [200, NO_STORE]);
      const device = answer.json as unknown as Device;
      assert.match(device.user_code, /^[A-Z]{4}-[A-Z]{4}$/);
      assert.equal(device.verification_uri, `${caller.issuer}/device`);
      assert.equal(device.verification_uri_complete, `${caller.issuer}/device?user_code=${device.user_code}`);
      assert.deepEqual([device.expires_in, device.interval], [600, 1]);

      assertFault(await ask.poll(device), 400, 'authorization_pending', PENDING);
      const done = await decide(createBrowser(caller), device, { accept: 'Yes' });
      assert.match(pageText(done), /Device Login Successful You may close this browser window/);
      await realm.pass(1.1);
      const { status, json } = await ask.poll(device);
      assert.equal(status, 200);
      // Keycloak names them in any order.
      const scopes = String(json.scope).split(' ').sort();
      assert.deepEqual([scopes, json.token_type], [['email', 'openid', 'profile'], 'Bearer']);
      const claims = claimsOf(String(json.access_token));
      assert.equal(claims.preferred_username, 'abdullah');
      assert.match(String(claims.jti), /^onrtdg:/);
      assert.ok(json.id_token && json.refresh_token);
      await realm.pass(1.1);
      assertFault(await ask.poll(device), 400, 'invalid_grant', 'Device code not valid');
    }),
  'a device that is refused, by a person who was signed in already': (scene) =>
    withDevices(scene, async (ask, caller, realm) => {
      const browser = createBrowser(caller);
      await browser.signIn();
      const device = await ask.open();
      const page = await decide(browser, device, { cancel: 'No' });
      assert.match(pageText(page), /Device Login Failed Consent denied for connecting the device\./);
      const text = 'The end user denied the authorization request';
      for (let round = 0; round < 2; round += 1) {
        assertFault(await ask.poll(device), 400, 'access_denied', text);
        await realm.pass(1.1);
      }
      const again = await typeIn(browser, device, device.user_code);
      assert.match(pageText(again), /Invalid code, please try again\./);
    }),
  'whoever asks too often is told to slow down': (scene) =>
    withDevices(
      scene,
      async (ask, _caller, realm) => {
        const device = await ask.open();
        assertFault(await ask.poll(device), 400, 'authorization_pending', PENDING);
        assertFault(await ask.poll(device), 400, 'slow_down', 'Slow down');
        await realm.pass(4.1);
        assertFault(await ask.poll(device), 400, 'authorization_pending', PENDING);
      },
      { 'oauth2.device.polling.interval': '4' },
    ),
  'a code that nobody used in time': (scene) =>
    withDevices(
      scene,
      async (ask, caller, realm) => {
        const device = await ask.open();
        assert.deepEqual([device.expires_in, device.interval], [2, 3]);
        await realm.pass(3);
        assertFault(await ask.poll(device), 400, 'expired_token', 'Device code is expired');
        const page = await typeIn(createBrowser(caller), device, device.user_code);
        assert.match(pageText(page), /The code has expired\. Please go back to your device/);
      },
      { 'oauth2.device.code.lifespan': '2', 'oauth2.device.polling.interval': '3' },
    ),
  'the code may be typed in small letters, without the hyphen, or come with the link': (scene) =>
    withDevices(scene, async (ask, caller) => {
      const { user_code, ...device } = await ask.open();
      for (const code of [user_code.toLowerCase(), user_code.replace('-', '')]) {
        const page = await typeIn(createBrowser(caller), { ...device, user_code }, code);
        assert.match(page.text, /id="kc-form-login"/);
      }
      const browser = createBrowser(caller);
      const page = await follow(browser, await browser.visit(device.verification_uri_complete));
      assert.match(page.text, /id="kc-form-login"/);
    }),
  'the page asks for the code, and again where it is wrong': (scene) =>
    withDevices(scene, async (ask, caller) => {
      const browser = createBrowser(caller);
      const page = await browser.visit((await ask.open()).verification_uri);
      assert.deepEqual([page.status, page.headers.get('cache-control')], [200, NO_STORE]);
      assert.match(pageText(page), /Device Login .*Enter the code provided by your device and click Submit/);
      const wrong = await browser.submit(page, { device_user_code: 'AAAA-BBBB' });
      assert.deepEqual([wrong.status, wrong.headers.get('cache-control')], [200, NO_STORE]);
      assert.match(pageText(wrong), /Invalid code, please try again\./);
      assert.match(
        pageText(await browser.visit(`${caller.issuer}/device?user_code=ZZZZ-ZZZZ`)),
        /Invalid code/,
      );
      assert.doesNotMatch(pageText(await browser.submit(page, {})), /Invalid code/);
    }),
  'a device is asked about in every sign-in, and not by the browser of somebody else': (scene) =>
    withDevices(scene, async (ask, caller) => {
      const browser = createBrowser(caller);
      const device = await ask.open();
      const login = await typeIn(browser, device, device.user_code);
      const page = await follow(browser, await browser.submit(login, ABDULLAH));
      const consent = new URL(
        /<form[^>]*action="([^"]+)"/.exec(page.text)![1]!.replaceAll('&amp;', '&'),
        caller.issuer,
      );
      const stranger = createBrowser(caller);
      const answer = await caller.post(consent.href, { accept: 'Yes', code: 'x' }, { accept: 'text/html' });
      assert.notEqual(answer.status, 200);
      assert.doesNotMatch((await follow(stranger, answer)).text, /Device Login Successful/);
      assertFault(await ask.poll(device), 400, 'authorization_pending', PENDING);
    }),
  'a device with PKCE has to prove itself': (scene) =>
    withDevices(scene, async (ask, caller, realm) => {
      const { verifier, fields } = createChallenge();
      const device = await ask.open({ ...WEB, ...fields, scope: 'openid' });
      await decide(createBrowser(caller), device, { accept: 'Yes' });
      const text = 'PKCE code verifier not specified';
      assertFault(await ask.poll(device, WEB), 400, 'invalid_grant', text);
      await realm.pass(1.1);
      const answer = await ask.poll(device, { ...WEB, code_verifier: verifier });
      assert.equal(answer.status, 200, answer.text);
    }),
  'an offline token for a device': (scene) =>
    withDevices(scene, async (ask, caller) => {
      const device = await ask.open({ ...GUIDE, scope: 'openid offline_access' });
      await decide(createBrowser(caller), device, { accept: 'Yes' });
      const { json } = await ask.poll(device);
      assert.deepEqual([json.refresh_expires_in, claimsOf(String(json.refresh_token)).typ], [0, 'Offline']);
    }),
  'a request that cannot be answered': (scene) =>
    withDevices(scene, async (ask) => {
      const wrong = { ...GUIDE, client_secret: 'x' };
      assertFault(await ask.raw(wrong), 401, 'unauthorized_client', SAME);
      assertFault(await ask.raw({ client_id: 'nope' }), 401, 'invalid_client', SAME);
      assertFault(await ask.raw({}), 401, 'invalid_client', SAME);
      const off =
        'Client is not allowed to initiate OAuth 2.0 Device Authorization Grant. The flow is disabled for the client.';
      assertFault(await ask.raw(LIGHT), 400, 'unauthorized_client', off);
      const missing = 'Missing parameter: code_challenge_method';
      assertFault(await ask.raw(WEB), 400, 'invalid_request', missing);
      const twice = `${new URLSearchParams(GUIDE)}&scope=openid&scope=email`;
      assertFault(await ask.raw(twice), 400, 'invalid_grant', 'duplicated parameter');
      const evil = await ask.raw(GUIDE, { origin: 'http://evil.example' });
      assertFault(evil, 403, 'Invalid origin');
      const known = await ask.raw(GUIDE, { origin: 'http://localhost:8000' });
      assert.equal(known.headers.get('access-control-allow-origin'), 'http://localhost:8000');
    }),
  'a code that is none of this client’s': (scene) =>
    withDevices(scene, async (ask, caller) => {
      const device = await ask.open();
      const none = await caller.token({ ...GUIDE, grant_type: GRANT });
      assertFault(none, 400, 'invalid_request', 'Missing parameter: device_code');
      const garbage = { ...device, device_code: 'x' };
      assertFault(await ask.poll(garbage), 400, 'invalid_grant', 'Device code not valid');
      assertFault(await ask.poll(device, OTHER), 400, 'invalid_grant', 'unauthorized client');
      const off = 'Client not allowed OAuth 2.0 Device Authorization Grant';
      assertFault(await ask.poll(device, LIGHT), 400, 'invalid_grant', off);
    }),
};
