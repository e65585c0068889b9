import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { buildTestApp, shareTestApp, startIdp } from './service.ts';

const bearer = (token: string) => ({ url: '/protected', headers: { authorization: `Bearer ${token}` } });

// What is answered to which token stands in the contract of the guide: test/contract/guide/protected-contract.ts.
describe('GET /protected', () => {
  const shared = shareTestApp();

  test('an answer is not stored, in the order of the guide, and to HEAD without a body', async () => {
    const { app, idp } = shared;
    const token = await idp.issueToken({ username: 'abdullah' });
    const answer = await app.inject(bearer(token));
    assert.equal(
      answer.body,
      '{"preferred_username":"abdullah","email":"abdullah@example.com","full_name":"Abdullah Alqahtani"}',
    );
    assert.equal(answer.headers['cache-control'], 'no-store');
    assert.equal(answer.headers['x-content-type-options'], 'nosniff');
    const head = await app.inject({ ...bearer(token), method: 'HEAD' });
    assert.deepEqual([head.statusCode, head.body], [200, '']);
    assert.equal((await app.inject('/protected')).headers['cache-control'], 'no-store');
  });

  test('a refusal stands in the log once, with the id of its request', async () => {
    const { app, log } = shared;
    log.clear();
    const answer = await app.inject({ url: '/protected' });
    const lines = log.lines().filter(({ code }) => code === 'missing_token');
    assert.deepEqual(
      lines.map(({ level, reqId }) => [level, reqId]),
      [['debug', answer.headers['x-request-id']]],
    );
  });
});

test('with Keycloak down from the start, a token is 503 without a challenge', async (t) => {
  const idp = await startIdp(t);
  const token = await idp.issueToken({ username: 'abdullah' });
  await idp.goDown();
  const { app } = await buildTestApp(t, idp.url);
  const { statusCode, headers } = await app.inject(bearer(token));
  assert.deepEqual([statusCode, headers['www-authenticate']], [503, undefined]);
});
