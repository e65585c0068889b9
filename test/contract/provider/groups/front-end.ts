import assert from 'node:assert/strict';
import { createBrowser } from '../browser.ts';
import { assertFault, GUIDE, LIGHT, WEB } from '../caller.ts';
import type { Behaviours } from '../scene.ts';

const APP = 'http://localhost:3000';
const FRAMES = ['/login-status-iframe.html', '/3p-cookies/step1.html', '/3p-cookies/step2.html'];

/** What keycloak-js asks for beside the login itself. */
export const frontEndGroup: Behaviours = {
  'the frames of keycloak-js may stand in any page': async ({ caller }) => {
    for (const path of FRAMES) {
      const { status, headers, text } = await caller.call(path);
      assert.equal(status, 200);
      assert.equal(headers.get('content-type'), 'text/html;charset=utf-8');
      assert.equal(headers.get('cache-control'), 'no-cache, must-revalidate, no-transform, no-store');
      assert.equal(headers.get('x-frame-options'), null);
      assert.doesNotMatch(headers.get('content-security-policy') ?? '', /frame-ancestors/);
      assert.match(text, /<script type="module">/);
    }
  },
  'the login status is for pages of the client’s own origins': async ({ caller }) => {
    const ask = async (query: Record<string, string>) => {
      const path = `/login-status-iframe.html/init?${new URLSearchParams(query)}`;
      const { status, text } = await caller.call(path);
      return [status, text];
    };
    const { origin } = new URL(caller.issuer);
    assert.deepEqual(await ask({ ...WEB, origin: APP }), [204, '']);
    assert.deepEqual(await ask({ ...WEB, origin }), [204, '']);
    for (const query of [
      {},
      WEB,
      { ...WEB, origin: 'http://evil.example' },
      { client_id: 'nope', origin: APP },
    ]) {
      assert.deepEqual(await ask(query as Record<string, string>), [403, ''], JSON.stringify(query));
    }
  },
  'a sign-in leaves a cookie that the frame can read, and a sign-out takes it away': async ({ caller }) => {
    const browser = createBrowser(caller);
    const back = await browser.signIn();
    const line = back.headers.getSetCookie().find((cookie) => cookie.startsWith('KEYCLOAK_SESSION='));
    assert.match(line ?? '', /^KEYCLOAK_SESSION=[\w-]{64};/);
    assert.match(line ?? '', /;\s?Max-Age=(36000|35999)(;|$)/);
    assert.doesNotMatch(line ?? '', /HttpOnly/i);
    const { json } = await caller.token({
      ...GUIDE,
      grant_type: 'authorization_code',
      code: new URL(back.headers.get('location') ?? '').searchParams.get('code') ?? '',
      redirect_uri: 'http://localhost:8000/callback',
    });
    await browser.visit(`${caller.base}/logout?id_token_hint=${json.id_token}`);
    assert.ok(!browser.jar.has('KEYCLOAK_SESSION'));
  },
  'a user reads the own profile, from a page of the client too': async ({ caller }) => {
    const { access_token } = await caller.login();
    const headers = { authorization: `Bearer ${access_token}`, accept: 'application/json' };
    const url = `${caller.issuer}/account?userProfileMetadata=false`;
    const { status, json, ...answer } = await caller.call(url, { headers });
    const { id, ...profile } = json;
    assert.equal(status, 200);
    assert.match(String(id), /^[0-9a-f-]{36}$/);
    assert.deepEqual(profile, {
      username: 'abdullah',
      firstName: 'Abdullah',
      lastName: 'Alqahtani',
      email: 'abdullah@example.com',
      emailVerified: true,
    });
    assert.equal(answer.headers.get('cache-control'), 'no-cache');
    const page = await caller.call(url, { headers: { ...headers, origin: 'http://localhost:8000' } });
    assert.equal(page.headers.get('access-control-allow-origin'), 'http://localhost:8000');
    const evil = await caller.call(url, { headers: { ...headers, origin: 'http://evil.example' } });
    assertFault(evil, 403, 'Invalid origin');
  },
  'the profile is for nobody else': async ({ caller }) => {
    const service = await caller.token({ ...GUIDE, grant_type: 'client_credentials' });
    const { id_token } = await caller.login();
    const accept = 'application/json';
    for (const token of ['x', id_token, String(service.json.access_token)]) {
      const headers = { authorization: `Bearer ${token}`, accept };
      assertFault(await caller.call(`${caller.issuer}/account`, { headers }), 401, 'HTTP 401 Unauthorized');
    }
    const none = await caller.call(`${caller.issuer}/account`, { headers: { accept } });
    assertFault(none, 401, 'HTTP 401 Unauthorized');
    const light = (await caller.login(LIGHT)).access_token;
    const headers = { authorization: `Bearer ${light}`, accept };
    const { status, json } = await caller.call(`${caller.issuer}/account`, { headers });
    assert.deepEqual([status, json.username], [200, 'abdullah']);
  },
  'a preflight for the profile is answered': async ({ caller }) => {
    const { status, headers } = await caller.call(`${caller.issuer}/account`, {
      method: 'OPTIONS',
      headers: { origin: APP, 'access-control-request-method': 'GET' },
    });
    assert.equal(status, 200);
    assert.equal(headers.get('access-control-allow-origin'), APP);
    assert.match(headers.get('access-control-allow-methods') ?? '', /\bGET\b/);
    assert.match(headers.get('access-control-allow-headers') ?? '', /\bAuthorization\b/);
  },
};
