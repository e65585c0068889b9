import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { prove, proveLogin, proveSecret, proveService } from '../../packages/cli/src/setup/api/set-up.ts';
import { startTestIdp } from '../support/dev-idp.ts';

// What setup tries at the end, and what it says of each answer.

const CLIENT = {
  realm: 'testing',
  clientId: 'fastapi-keycloak',
  clientSecret: 'for-development-only',
  timeoutMs: 5_000,
};
const shown = async (proofs: AsyncIterable<{ what: string; ok: boolean; seen: string }>) => {
  const lines: string[] = [];
  for await (const { what, ok, seen } of proofs) lines.push(`${ok ? '✓' : '✗'} ${what}: ${seen}`);
  return lines;
};

test('a login is tried whole: the token, userinfo, introspection, and that the logout ends the session', async (t) => {
  const idp = await startTestIdp();
  t.after(() => idp.close());
  const caller = { ...CLIENT, serverUrl: idp.url };
  const [login, userinfo, ...rest] = await shown(prove(caller, 'abdullah', 'Test#123456'));
  assert.match(login ?? '', /^✓ log in as abdullah: token for \d+ s$/);
  assert.match(userinfo ?? '', /^✓ userinfo: .*, .*@/);
  assert.deepEqual(rest, ['✓ introspection: active', '✓ logout: the session is gone']);
  const [wrong, ...others] = await shown(prove(caller, 'abdullah', 'wrong'));
  assert.match(wrong ?? '', /^✗ log in as abdullah: Keycloak refused the user's credentials .*\. The user/);
  assert.deepEqual(others, []);
  assert.deepEqual(await shown(proveSecret(caller)), ['✓ introspection: Keycloak answers the client']);
  const [refused] = await shown(proveSecret({ ...caller, clientSecret: 'wrong' }));
  assert.match(refused ?? '', /^✗ introspection: HTTP 401 \{/);
});

/** A Keycloak that answers each call as it is told, by the end of its path. */
async function answering(t: TestContext, answers: Record<string, [status: number, json: object]>) {
  const calls: string[] = [];
  const server = createServer((request, response) => {
    const end = (request.url ?? '').replace(/\?.*/, '').split('/').at(-1) ?? '';
    calls.push(end);
    const again = calls.filter((one) => one === end).length > 1;
    const [status, json] = (again ? answers[`${end} again`] : undefined) ?? answers[end] ?? [404, {}];
    response.writeHead(status, {
      'content-type': 'application/json',
      'www-authenticate': 'Bearer error="x"',
    });
    response.end(status === 204 ? undefined : JSON.stringify(json));
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  t.after(() => server.close());
  return { ...CLIENT, serverUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

test('what does not work is marked, with what was answered', async (t) => {
  const good = { token: [200, { access_token: 'a.b.c', refresh_token: 'r', expires_in: 60 }] } as const;
  const of = async (answers: object) =>
    shown(prove(await answering(t, { ...good, ...answers } as never), 'anna', 'x'));
  assert.deepEqual(
    await of({ userinfo: [403, {}], introspect: [200, { active: false }], logout: [400, {}] }),
    [
      '✓ log in as anna: token for 60 s',
      '✗ userinfo: HTTP 403 Bearer error="x"',
      '✗ introspection: HTTP 200 {"active":false}',
      '✗ logout: HTTP 400, then userinfo 403',
    ],
  );
  const alive = await of({
    userinfo: [200, { name: 'Anna' }],
    introspect: [200, { active: true }],
    logout: [204, {}],
  });
  assert.deepEqual(alive.slice(1), [
    '✓ userinfo: Anna',
    '✓ introspection: active',
    '✗ logout: HTTP 204, then userinfo 200',
  ]);
  const kept = await of({
    userinfo: [200, {}],
    'userinfo again': [401, {}],
    introspect: [200, { active: true }],
    logout: [400, {}],
  });
  assert.equal(kept.at(-1), '✗ logout: HTTP 400, then userinfo 401');
});

test('a service is good where the API is in the audience of its token', async (t) => {
  const token = { token: [200, { access_token: 'a.b.c' }] };
  const of = async (answers: object) => {
    const caller = await answering(t, answers as never);
    return shown(proveService({ ...caller, clientId: 'worker' }, { ...caller, clientId: 'api' }));
  };
  assert.deepEqual(await of({ ...token, introspect: [200, { active: true, aud: ['x', 'api'] }] }), [
    '✓ token of worker: active, for api',
  ]);
  assert.deepEqual(await of({ ...token, introspect: [200, { active: true, aud: 'api' }] }), [
    '✓ token of worker: active, for api',
  ]);
  assert.match(
    (await of({ ...token, introspect: [200, { active: true, aud: 'x' }] }))[0] ?? '',
    /^✗ token of worker: not for api: \{/,
  );
  assert.match(
    (await of({ ...token, introspect: [200, { active: false, aud: 'api' }] }))[0] ?? '',
    /^✗ token of worker: not for api/,
  );
  assert.deepEqual(await of({ token: [401, { error: 'x' }] }), ['✗ token of worker: HTTP 401 {"error":"x"}']);
  const login = async (status: number) =>
    shown(proveLogin(await answering(t, { auth: [status, {}] }), 'https://a.test/callback'));
  assert.deepEqual(await login(200), ['✓ login page for fastapi-keycloak: HTTP 200']);
  assert.deepEqual(await login(400), ['✗ login page for fastapi-keycloak: HTTP 400']);
});
