import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { NetworkError } from '@keycloak/keycloak-admin-client/lib/utils/fetchWithError.js';
import {
  AdminError,
  gone,
  lackOfAdminApi,
  toAdminError,
  trying,
} from '../../packages/cli/src/admin/admin-error.ts';
import { connectAdmin } from '../../packages/cli/src/admin/connection.ts';
import { explainAdminError } from '../../packages/cli/src/keycloak/finding.ts';
import { startTestIdp } from '../support/dev-idp.ts';

test('an answer of another shape is no missing answer, and shows no line of this program', async () => {
  for (const answer of [{}, 'page', [null]] as never[]) {
    const call = trying('see the clients', async () =>
      (answer as { clientId: string }[]).find(({ clientId }) => clientId === 'x'),
    );
    await assert.rejects(call, (error) => {
      assert.ok(error instanceof AdminError);
      assert.equal(error.message, "Keycloak's answer cannot be understood, while trying to see the clients");
      assert.match(explainAdminError(error), /^Something else answers at this address/);
      return true;
    });
  }
});

test('what Keycloak says is one line of a message, and a token that is none is no missing answer', async (t) => {
  const server = createServer((_, response) => {
    const access_token = `e30.${Buffer.from('x\n✓ all is well').toString('base64url')}.x`;
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ access_token }));
  }).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const serverUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const credentials = { realm: 'master', username: 'admin', password: 'admin' };
  await assert.rejects(connectAdmin({ serverUrl, credentials }), {
    message: "Keycloak's answer cannot be understood, while trying to log admin in at the realm master",
  });
  assert.equal(new AdminError('refused', 400, 'no\n✓ all is well').message, 'no ✓ all is well');
});

test('of the embedded provider every command that needs an admin says that it has no Admin API', async (t) => {
  const idp = await startTestIdp();
  t.after(() => idp.close());
  const serverUrl = idp.url;
  const credentials = { realm: 'master', username: 'admin', password: 'admin' };
  await assert.rejects(connectAdmin({ serverUrl, credentials }), (error) => {
    assert.ok(error instanceof AdminError);
    assert.match(error.message, /embedded provider .*no Admin API: stop it, and start a Keycloak/);
    assert.equal(explainAdminError(error), error.message);
    return true;
  });
});

test('what Keycloak says of a refusal is read in each of its forms, and cut to what a person reads', () => {
  const answerTo = (responseData: unknown) => {
    const refused = new NetworkError('refused', {
      response: new Response(null, { status: 400 }),
      responseData,
    });
    return toAdminError(refused, 'see the users').answer;
  };
  for (const [data, answer] of [
    [{ error: 'invalid_grant', error_description: 'no' }, 'invalid_grant: no'],
    [{ error: 'invalid_grant' }, 'invalid_grant'],
    [{ error: 7, error_description: 'no' }, 'no'],
    [{ errorMessage: 'taken' }, 'taken'],
    [{ errorMessage: 'wrong', field: 'email', params: ['a'] }, 'wrong (email)'],
    [{ errorMessage: 'too short', params: ['username', 3] }, 'too short (username, 3)'],
    [{ errors: [{ errorMessage: 'a' }, { errorMessage: 'b', field: 'c' }] }, 'a; b (c)'],
    ['  two\n  lines ', 'two lines'],
    ['x'.repeat(301), 'x'.repeat(300)],
    [null, ''],
    [7, ''],
  ] as const)
    assert.equal(answerTo(data), answer, JSON.stringify(data));
});

test('a redirect is told with where it leads to; other answers with what they say', () => {
  for (const [status, answer] of [
    [299, 'words'],
    [300, 'redirect to https://x.test'],
    [399, 'redirect to https://x.test'],
    [400, 'words'],
  ] as const) {
    const response = new Response(null, { status, headers: { location: 'https://x.test' } });
    const error = new NetworkError('no', { response, responseData: 'words' });
    assert.equal(toAdminError(error, 'see it').answer, answer, String(status));
  }
});

test('each kind of trouble has the status that Keycloak answered, or would have', () => {
  const answered = (status: number) =>
    new NetworkError('no', { response: new Response(null, { status }), responseData: {} });
  for (const [error, kind, status] of [
    [answered(401), 'login', 401],
    [answered(403), 'forbidden', 403],
    [answered(404), 'missing', 404],
    [answered(409), 'refused', 409],
    [new Error('ECONNREFUSED'), 'unreachable', 0],
    [new SyntaxError('no JSON'), 'refused', 200],
    [gone('api'), 'missing', 404],
    [lackOfAdminApi('https://x.test', 'Realm does not exist'), 'missing', 404],
  ] as const) {
    const told = toAdminError(error, 'see it');
    assert.deepEqual([told.kind, told.status], [kind, status]);
  }
});

test('what an admin can do about a refusal follows from its words, and else they are left to speak', () => {
  const of = (status: number, answer: string, kind: AdminError['kind'] = 'refused', message = 'm') =>
    explainAdminError(new AdminError(kind, status, message, answer));
  assert.match(of(300, ''), /^Credentials follow no redirect/);
  assert.match(of(399, ''), /^Credentials follow no redirect/);
  assert.match(
    of(0, '', 'unreachable', 'No answer: ECONNREFUSED'),
    /^Start Keycloak, or correct host and port/,
  );
  assert.match(
    of(400, 'invalid_grant: Account is not fully set up'),
    /^This admin has to do something first/,
  );
  assert.match(of(401, 'invalid_grant: Invalid user credentials'), /^Check name and password of the admin/);
  assert.match(of(400, 'other: not fully set up'), /^The words above/);
  assert.match(of(404, 'Realm does not exist'), /^The realm of the admin does not exist/);
  for (const code of ['invalid_client', 'unauthorized_client: x'])
    assert.match(of(401, code), /^Check --admin-client-id/);
  assert.match(of(403, 'invalid_request: HTTPS required'), /^Use https:/);
  assert.match(of(403, '', 'forbidden'), /^This admin may not do it/);
  assert.match(of(400, 'invalidPasswordMinLengthMessage'), /^The password does not meet/);
  assert.match(of(200, ''), /^Something else answers at this address/);
  for (const status of [299, 400]) assert.equal(of(status, 'x'), 'The words above are from Keycloak.');
});
