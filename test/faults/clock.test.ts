import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createVerifier } from '../../packages/guard/src/core/index.ts';
import { buildTestApp, configFor, form, PASSWORD, startIdp } from '../server/service.ts';
import { eventually } from '../support/eventually.ts';

/** A service whose clock jumps, while that of its provider goes on. */
async function setUp(t: TestContext) {
  const idp = await startIdp(t);
  let jumped = 0;
  const verifier = createVerifier({ ...optionsOf(idp.url), clock: () => Date.now() + jumped });
  t.after(() => verifier.close());
  const { app } = await buildTestApp(t, idp.url, {}, { verifier });
  await eventually('ready', async () => (await app.inject('/health/ready')).statusCode === 200);
  const login = async () => {
    const answer = await app.inject(form({ username: 'abdullah', password: PASSWORD }));
    assert.equal(answer.statusCode, 200);
    return answer.json().access_token as string;
  };
  const use = async (token: string) =>
    (await app.inject({ url: '/protected', headers: { authorization: `Bearer ${token}` } })).statusCode;
  const ready = async () => (await app.inject('/health/ready')).statusCode;
  return { idp, login, use, ready, jump: (hours: number) => (jumped += hours * 3_600_000) };
}

function optionsOf(url: string) {
  const { serverUrl, realm, clientId, clientSecret } = configFor(url);
  return { serverUrl, realm, clientId, clientSecret };
}

test('a clock that jumps an hour forward refuses tokens as expired, and takes them again when it is right', async (t) => {
  const { login, use, ready, jump } = await setUp(t);
  const token = await login();
  assert.equal(await use(token), 200);
  jump(1);
  assert.equal(await use(token), 401);
  assert.equal(await ready(), 200);
  const later = await login();
  jump(-1);
  assert.equal(await use(later), 200);
  assert.equal(await use(token), 200);
});

test('a clock that jumps an hour back refuses nobody, finds new keys, and still learns who is out', async (t) => {
  const { idp, login, use, ready, jump } = await setUp(t);
  const token = await login();
  assert.equal(await use(token), 200);
  jump(-1);
  assert.equal(await use(token), 200);
  assert.equal(await ready(), 200);
  await idp.rotateKeys({ keepOld: true });
  assert.equal(await use(await login()), 200);
  await idp.logoutUser('abdullah');
  jump(-0.5);
  // Each jump back makes a token be checked again: nobody wins time by it.
  await eventually('401', async () => (await use(token)) === 401);
});
