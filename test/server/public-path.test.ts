import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openBrowser } from '../session/browser.ts';
import { buildTestApp, startIdp } from './service.ts';

const PUBLIC_URL = 'https://example.com/api';
const HTML = { accept: 'text/html' };

/** As the proxy does that answers at `PUBLIC_URL`. */
function behindProxy(url: string): string {
  assert.ok(url.startsWith('/api/'), url);
  return url.slice('/api'.length);
}

test('with a path in PUBLIC_URL every link of the pages leads to where a browser reaches it', async (t) => {
  const { app } = await buildTestApp(t, 'http://127.0.0.1:9', { PUBLIC_URL });
  for (const page of ['/', '/docs']) {
    const { body } = await app.inject({ url: page, headers: HTML });
    const links = [...body.matchAll(/ (?:src|href|action)="([^"]+)"/g)].map(([, link = '']) => link);
    const ours = links.filter((link) => !link.startsWith('data:'));
    assert.ok(ours.length >= 4, page);
    for (const link of ours) {
      const { statusCode } = await app.inject(behindProxy(link));
      // Signing in asks Keycloak, and being ready needs it.
      const expected = link.includes('/auth/login') || link.includes('/ready') ? 503 : 200;
      assert.equal(statusCode, link.endsWith('/protected') ? 401 : expected, link);
    }
  }
  assert.doesNotMatch((await app.inject('/home.js')).body, /fetch\('\//);
  assert.equal((await app.inject('/')).json().documentation, '/api/docs');
});

test('with a path in PUBLIC_URL the OpenAPI document names it', async (t) => {
  const { app } = await buildTestApp(t, 'http://127.0.0.1:9', { PUBLIC_URL });
  const { servers, components } = (await app.inject('/openapi.json')).json();
  assert.deepEqual(servers, [{ url: '/api' }]);
  const { authorizationUrl, tokenUrl } = components.securitySchemes.keycloak.flows.authorizationCode;
  assert.deepEqual([authorizationUrl, tokenUrl], ['/api/docs/oauth2/authorize', '/api/docs/oauth2/token']);
});

test('with a path in PUBLIC_URL a sign-in goes there and comes back there', async (t) => {
  const idp = await startIdp(t);
  idp.updateClient('fastapi-keycloak', { redirectUris: [`${PUBLIC_URL}/*`] });
  const { app } = await buildTestApp(t, idp.url, { PUBLIC_URL });
  for (const [query, home] of [
    ['', `${PUBLIC_URL}/`],
    ['?return_to=//evil.example', `${PUBLIC_URL}/`],
    ['?return_to=/api/docs', `${PUBLIC_URL}/docs`],
  ] as const) {
    const browser = openBrowser(app, 'https://example.com');
    const begun = await browser.app({ url: `/auth/login${query}` });
    const back = new URL(await browser.signInAt(String(begun.headers.location)));
    const done = await browser.app({ url: behindProxy(back.pathname) + back.search });
    assert.equal(done.headers.location, home);
    const page = await browser.app({ url: '/', headers: HTML });
    assert.match(page.body, /Signed in as <strong>abdullah<\/strong>/);
    assert.match(page.body, / action="\/api\/auth\/logout"/);
  }
  const failed = await app.inject({ url: '/auth/callback', headers: HTML });
  assert.match(failed.body, /<a href="\/api\/auth\/login">/);
});
