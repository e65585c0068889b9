import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildTestApp, startIdp } from './service.ts';

const DENIED = '{"detail":"Could not validate credentials"}';
const bearer = (token: string, scheme = 'Bearer') => ({
  url: '/protected',
  headers: { authorization: `${scheme} ${token}` },
});

test('a good token tells who is calling, whatever the case of the scheme', async (t) => {
  const idp = await startIdp(t);
  const { app } = await buildTestApp(t, idp.url);
  const token = await idp.issueToken({ username: 'abdullah' });
  for (const scheme of ['Bearer', 'bearer', 'BEARER']) {
    const answer = await app.inject(bearer(token, scheme));
    assert.equal(answer.statusCode, 200);
    assert.equal(
      answer.body,
      '{"preferred_username":"abdullah","email":"abdullah@example.com","full_name":"Abdullah Alqahtani"}',
    );
    assert.equal(answer.headers['cache-control'], 'no-store');
    assert.equal(answer.headers['x-content-type-options'], 'nosniff');
  }
  const head = await app.inject({ ...bearer(token), method: 'HEAD' });
  assert.deepEqual([head.statusCode, head.body], [200, '']);
});

test('once the keys are loaded, a good token costs no call to Keycloak', async (t) => {
  const idp = await startIdp(t);
  const { app } = await buildTestApp(t, idp.url);
  const token = await idp.issueToken({ username: 'abdullah' });
  await app.inject(bearer(token));
  idp.resetRequests();
  for (let i = 0; i < 20; i++) assert.equal((await app.inject(bearer(token))).statusCode, 200);
  assert.equal(
    Object.values(idp.requests).reduce((sum, count) => sum + count, 0),
    0,
  );
});

test('what Keycloak has not is null', async (t) => {
  const idp = await startIdp(t);
  const { app } = await buildTestApp(t, idp.url);
  idp.updateUser('sara', { email: '', firstName: '', lastName: '' });
  const answer = await app.inject(bearer(await idp.issueToken({ username: 'sara' })));
  assert.equal(answer.statusCode, 200);
  assert.equal(answer.body, '{"preferred_username":"sara","email":null,"full_name":null}');
});

test('no token, another scheme and a bad token are 401 with different challenges', async (t) => {
  const idp = await startIdp(t);
  const { app } = await buildTestApp(t, idp.url);
  const broken = 'Bearer error="invalid_token", error_description="The access token is not valid"';
  for (const [headers, body, challenge] of [
    [{}, '{"detail":"Not authenticated"}', 'Bearer'],
    [{ authorization: 'Basic YTpi' }, '{"detail":"Invalid authentication credentials"}', 'Bearer'],
    [{ authorization: 'Bearer nonsense' }, DENIED, broken],
  ] as const) {
    const answer = await app.inject({ url: '/protected', headers });
    assert.equal(answer.statusCode, 401);
    assert.equal(answer.body, body);
    assert.equal(answer.headers['www-authenticate'], challenge);
    assert.equal(answer.headers['cache-control'], 'no-store');
  }
});

test('an expired token is 401 and says so', async (t) => {
  const idp = await startIdp(t);
  const { app } = await buildTestApp(t, idp.url);
  const token = await idp.issueToken({ claims: { exp: Math.floor(Date.now() / 1000) - 60 } });
  const answer = await app.inject(bearer(token));
  assert.equal(answer.statusCode, 401);
  assert.equal(answer.body, DENIED);
  assert.equal(
    answer.headers['www-authenticate'],
    'Bearer error="invalid_token", error_description="The access token expired"',
  );
});

test('with Keycloak down from the start, a token is 503 and never 401', async (t) => {
  const idp = await startIdp(t);
  const token = await idp.issueToken({ username: 'abdullah' });
  await idp.goDown();
  const { app } = await buildTestApp(t, idp.url);
  const answer = await app.inject(bearer(token));
  assert.equal(answer.statusCode, 503);
  assert.equal(answer.body, '{"detail":"Identity provider unavailable"}');
  assert.match(String(answer.headers['retry-after']), /^\d+$/);
  assert.equal(answer.headers['www-authenticate'], undefined);
});

test('a refusal stands in the log once, with the id of its request', async (t) => {
  const idp = await startIdp(t);
  const { app, log } = await buildTestApp(t, idp.url);
  const answer = await app.inject({ url: '/protected' });
  const lines = log.lines().filter(({ code }) => code === 'missing_token');
  assert.deepEqual(
    lines.map(({ level, reqId }) => [level, reqId]),
    [['debug', answer.headers['x-request-id']]],
  );
});
