import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { connectDevIdp, type DevIdpOptions, startDevIdp } from '../../packages/testing/src/index.ts';
import { TYPESCRIPT } from '../../tools/run/typescript.mjs';
import { ROOT } from '../repo/source-imports.ts';
import { testKeys } from '../support/dev-idp.ts';

const TOKEN = 'a-token-of-the-starter';

async function setUp(t: TestContext, options: DevIdpOptions = { controlToken: TOKEN }) {
  const idp = await startDevIdp({ keys: testKeys(), ...options });
  t.after(() => idp.close());
  return { idp, remote: connectDevIdp({ url: idp.url, controlToken: TOKEN }) };
}

const userinfoOf = async (issuer: string, token: string) => {
  const answer = await fetch(`${issuer}/protocol/openid-connect/userinfo`, {
    headers: { authorization: `Bearer ${token}` },
  });
  await answer.arrayBuffer();
  return answer.status;
};

const loginOf = async (issuer: string, username: string, password: string) => {
  const answer = await fetch(`${issuer}/protocol/openid-connect/token`, {
    method: 'POST',
    body: new URLSearchParams({
      ...{ grant_type: 'password', client_id: 'fastapi-keycloak', username, password, scope: 'openid' },
      client_secret: 'for-development-only',
    }),
  });
  return { status: answer.status, body: (await answer.json()) as Record<string, string> };
};

test('another process adds, changes and disables users, and moves the clock', async (t) => {
  const { idp, remote } = await setUp(t);
  const credentials = [{ type: 'password', value: 'Secret#1' }];
  const name = { firstName: 'Ann', lastName: 'Example' };
  await remote.addUser({ username: 'ann', email: 'ann@example.com', ...name, credentials });
  const { status, body } = await loginOf(idp.issuer, 'ann', 'Secret#1');
  assert.equal(status, 200, JSON.stringify(body));
  assert.equal(await userinfoOf(idp.issuer, body.access_token ?? ''), 200);
  assert.equal((await remote.sessionsOf('ann')).length, 1);
  await remote.disableUser('ann');
  assert.equal((await loginOf(idp.issuer, 'ann', 'Secret#1')).status, 400);
  await remote.enableUser('ann');
  const before = await remote.now();
  await remote.advanceClock(3600);
  assert.ok((await remote.now()) - before >= 3_600_000);
  assert.equal(await userinfoOf(idp.issuer, body.access_token ?? ''), 401);
  await remote.addClient({
    clientId: 'reports',
    publicClient: true,
    redirectUris: ['http://localhost/callback'],
  });
  await remote.addOrganization({ name: 'Acme', alias: 'acme', members: [{ username: 'ann' }] });
  const token = await remote.issueToken({ username: 'ann', clientId: 'reports', scope: 'organization:*' });
  const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
  assert.deepEqual([claims.azp, claims.organization], ['reports', ['acme']]);
});

test('what is wrong is said to the other process, and names that are taken are', async (t) => {
  const { remote } = await setUp(t);
  await assert.rejects(remote.addUser({ username: 'abdullah' }), /addUser: there is a user 'abdullah'/);
  await assert.rejects(remote.addClient({ clientId: 'web-app' }), /there is a client 'web-app'/);
  await assert.rejects(remote.addUser({} as never), /a user has a username/);
  await assert.rejects(remote.addUser({ username: 'ann', roles: ['admin'] }), /addUser: there is no "roles"/);
  await assert.rejects(remote.inRealm('nowhere').disableUser('ann'), /there is no realm 'nowhere'/);
  await assert.rejects(remote.inRealm('').disableUser('abdullah'), /there is no realm ''/);
});

test('the control goes on while every endpoint fails, so that a test can mend what it broke', async (t) => {
  const { idp, remote } = await setUp(t);
  await remote.answerWithError(503);
  assert.equal((await fetch(`${idp.issuer}/protocol/openid-connect/certs`)).status, 503);
  await remote.answerNormally();
  assert.equal((await fetch(`${idp.issuer}/protocol/openid-connect/certs`)).status, 200);
});

test('what JSON does not have is sent: what takes a claim away, and a wait until the answer is wanted', async (t) => {
  const { idp, remote } = await setUp(t);
  const audienceOf = async (from: Pick<typeof remote, 'issueToken'>, aud: unknown) => {
    const token = await from.issueToken({ claims: { aud, n: [{ a: undefined, b: null }] } });
    const { aud: found, n } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
    return [found, n];
  };
  for (const from of [idp, remote])
    for (const aud of [undefined, null, 'x', [], { a: 1 }, { '@type': 'Person' }])
      assert.deepEqual(await audienceOf(from, aud), [aud, [{ b: null }]]);
  await remote.answerSlowly(Number.POSITIVE_INFINITY, 'jwks');
  const answer = fetch(`${idp.issuer}/protocol/openid-connect/certs`);
  await remote.answerNormally();
  assert.equal((await answer).status, 200);
  for (const control of [idp, remote])
    await assert.rejects(async () => control.answerSlowly(Number.NaN), /'NaN' is no number of milliseconds/);
});

test('nobody controls it without the token, or where it was started without one', async (t) => {
  const { idp } = await setUp(t);
  for (const controlToken of ['', 'another-token-of-some', `${TOKEN}x`, TOKEN.toUpperCase()])
    await assert.rejects(connectDevIdp({ url: idp.url, controlToken }).disableUser('abdullah'), /token/);
  const call = (headers: Record<string, string>, body: unknown) =>
    fetch(`${idp.url}/keycloak-guard/control`, { method: 'POST', headers, body: JSON.stringify(body) });
  const json = { 'content-type': 'application/json' };
  assert.equal((await call(json, { name: 'disableUser', args: ['abdullah'] })).status, 401);
  const authorization = `Bearer ${TOKEN}`;
  for (const name of ['close', 'exportKeys', 'constructor', '__proto__', 'toString'])
    assert.equal((await call({ ...json, authorization }, { name, args: [] })).status, 400, name);
  for (const body of [null, [], 'text', { name: 'disableUser' }])
    assert.equal((await call({ ...json, authorization }, body)).status, 400, JSON.stringify(body));
  const other = await setUp(t, {});
  await assert.rejects(other.remote.disableUser('abdullah'), /started without a control token/);
  await other.idp.goDown();
  await assert.rejects(other.remote.disableUser('abdullah'), {
    name: 'TypeError',
    message: `disableUser: no provider answers at ${other.idp.url}`,
  });
});

test('a token that could be guessed, and one in production, are refused at the start', async (t) => {
  await assert.rejects(startDevIdp({ controlToken: 'short' }), /16 characters/);
  const { NODE_ENV } = process.env;
  t.after(() => {
    if (NODE_ENV === undefined) delete process.env.NODE_ENV;
    else process.env.NODE_ENV = NODE_ENV;
  });
  process.env.NODE_ENV = 'production';
  await assert.rejects(startDevIdp({ controlToken: TOKEN, allowProduction: true }), /never for production/);
});

test('two workers seed, disable and age beside each other, each in a realm of its own', async (t) => {
  const { idp } = await setUp(t, {
    controlToken: TOKEN,
    realm: { realm: 'main', enabled: true },
    realmTemplate: {
      realm: 'any',
      enabled: true,
      clients: [{ clientId: 'app', enabled: true, publicClient: true }],
    },
  });
  const program = `
    import { connectDevIdp } from '@keycloak-guard/testing';
    const realm = connectDevIdp({ url: process.argv[1], controlToken: '${TOKEN}' }).inRealm('worker-' + process.argv[2]);
    await realm.addUser({ username: 'ann' });
    const token = await realm.issueToken({ username: 'ann', clientId: 'app', scope: 'openid' });
    const ask = () => fetch(process.argv[1] + '/realms/worker-' + process.argv[2] + '/protocol/openid-connect/userinfo',
      { headers: { authorization: 'Bearer ' + token } }).then(({ status }) => status);
    const before = await ask();
    await realm.disableUser('ann');
    console.log(before, await ask(), (await realm.sessionsOf('ann')).length);`;
  const workers = [0, 1].map(async (at) => {
    const args = [...TYPESCRIPT, '--input-type=module', '-e', program, idp.url, String(at)];
    const child = spawn(process.execPath, args, {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let said = '';
    child.stdout.on('data', (chunk) => {
      said += chunk;
    });
    await once(child, 'close');
    return said.trim();
  });
  const results = await Promise.all(workers);
  for (const said of results) assert.match(said, /^200 4\d\d \d+$/);
});
