import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { form, JSON_HEADERS, PASSWORD, shareTestApp } from './service.ts';

describe('with DOCS=off', () => {
  const shared = shareTestApp({ DOCS: 'off' });

  test('there is no documentation, and nothing points to it', async () => {
    const { app } = shared;
    const unknown = await app.inject({ url: '/nothing' });
    for (const url of [
      '/docs',
      '/docs/',
      '/docs/static/index.html',
      '/openapi.json',
      '/docs/oauth2/authorize',
    ]) {
      const answer = await app.inject({ url });
      assert.equal(answer.statusCode, 404, url);
      assert.equal(answer.body, '{"detail":"Not Found"}');
      for (const [header, value] of Object.entries(JSON_HEADERS)) assert.equal(answer.headers[header], value);
      assert.deepEqual(Object.keys(answer.headers), Object.keys(unknown.headers));
    }
    assert.equal(
      (await app.inject({ method: 'POST', url: '/docs/oauth2/token', payload: {} })).statusCode,
      404,
    );
    const welcome = await app.inject({ url: '/' });
    assert.deepEqual(Object.keys(welcome.json()), ['message']);
    const page = await app.inject({ url: '/', headers: { accept: 'text/html' } });
    assert.equal(page.statusCode, 200);
    assert.doesNotMatch(page.body, /docs|openapi/i);
  });

  test('all else is there', async () => {
    const { app } = shared;
    const { access_token } = (await app.inject(form({ username: 'abdullah', password: PASSWORD }))).json();
    const headers = { authorization: `Bearer ${access_token}` };
    assert.equal((await app.inject({ url: '/protected', headers })).json().preferred_username, 'abdullah');
    assert.equal((await app.inject({ url: '/auth/login', headers: { host: 'x' } })).statusCode, 303);
    assert.equal((await app.inject({ url: '/health/ready' })).statusCode, 200);
  });
});
