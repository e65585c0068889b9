import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AuthError, type KeycloakMessage } from '../../packages/guard/src/core/index.ts';
import { createKeycloakMessages } from '../../packages/guard/src/core/internal.ts';
import { createTestRealm } from '../support/test-realm.ts';
import { mintLogoutToken, mintPush } from './signed-messages.ts';

const SILENT = { warn() {}, error() {} };

async function setUp() {
  const realm = createTestRealm();
  const verifier = realm.verifier();
  await verifier.load();
  return { realm, messages: createKeycloakMessages(verifier.members) };
}

test('a logout token is taken from the form as text, and from what a body parser made of it', async () => {
  for (const toBody of [
    (token: string) => new URLSearchParams({ logout_token: token }).toString(),
    (token: string) => ({ logout_token: token }),
  ]) {
    const { realm, messages } = await setUp();
    const told: KeycloakMessage[] = [];
    const onMessage = (message: KeycloakMessage) => void told.push(message);
    const body = toBody(mintLogoutToken(realm));
    const answer = await messages.backchannelLogout(body, { log: SILENT, onMessage });
    assert.deepEqual([answer.status, answer.body], [204, undefined]);
    assert.deepEqual(
      told.map(({ by, revocations, error }) => [by, revocations.length, error]),
      [['backchannel_logout', 1, null]],
    );
  }
});

test('of anything else it is refused, though nobody listens', async () => {
  const { realm, messages } = await setUp();
  const token = mintLogoutToken(realm);
  for (const body of [
    undefined,
    null,
    7,
    {},
    { logout_token: [token, token] },
    { logout_token: { a: token } },
    '',
  ])
    assert.equal((await messages.backchannelLogout(body, { log: SILENT })).status, 400, JSON.stringify(body));
  for (const body of [undefined, { push: token }, ''])
    assert.equal(
      (await messages.adminPush(body, 'LOGOUT', { log: SILENT })).status,
      400,
      JSON.stringify(body),
    );
});

test('a push that the first of several realms cannot share is not asked of the others: Keycloak is told to try again', async () => {
  const useOnce = async () => {
    throw new Error('the store is away');
  };
  const store = { add: async () => {}, subscribe: () => () => {}, useOnce };
  const [first, second] = [createTestRealm(), createTestRealm()];
  const members = [first.verifier({ revocationStore: store }), second.verifier()];
  await Promise.all(members.map((member) => member.load()));
  const messages = createKeycloakMessages(members);
  const push = mintPush(first, { keycloakSessionIds: ['s1'] });
  const logged: unknown[] = [];
  const log = { warn() {}, error: (fields: object) => void logged.push(fields) };
  const answer = await messages.adminPush(push, 'LOGOUT', { log });
  assert.deepEqual([answer.status, answer.headers['retry-after'], logged.length], [503, '5', 1]);
});

test('a push to the only realm is taken, and one that is refused is told to who listens', async () => {
  const { realm, messages } = await setUp();
  const told: KeycloakMessage[] = [];
  const onMessage = (message: KeycloakMessage) => void told.push(message);
  const push = mintPush(realm, { keycloakSessionIds: ['s1'] });
  const answer = await messages.adminPush(push, 'LOGOUT', { log: SILENT, onMessage });
  const again = await messages.adminPush(push, 'LOGOUT', { log: SILENT, onMessage });
  assert.deepEqual([answer.status, again.status], [204, 400]);
  assert.deepEqual(
    told.map(({ by, revocations, error }) => [by, revocations.length, error?.code]),
    [
      ['admin_push', 1, undefined],
      ['admin_push', 0, 'admin_push_invalid'],
    ],
  );
});

test('a logout token of no known realm is refused as such, and its issuer is cut for the log', async () => {
  const [first, second] = [createTestRealm(), createTestRealm({ realm: 'second' })];
  const members = [first.verifier(), second.verifier()];
  await Promise.all(members.map((member) => member.load()));
  const messages = createKeycloakMessages(members);
  const logged: { code?: string; seen?: string }[] = [];
  const log = { warn: (fields: object) => void logged.push(fields), error() {} };
  const token = mintLogoutToken(first, { iss: `https://${'x'.repeat(500)}` });
  const answer = await messages.backchannelLogout({ logout_token: token }, { log });
  assert.equal(answer.status, 400);
  assert.equal(logged[0]?.code, 'logout_token_invalid');
  assert.equal(logged[0]?.seen?.length, 200);
});

test('while a realm that may own the issuer cannot be asked, a message is not refused: Keycloak tries again', async () => {
  const inside = { serverUrl: 'http://keycloak:8080', issuer: 'https://sso.example.com/realms/testing' };
  const [known, down] = [
    createTestRealm(inside),
    createTestRealm({ serverUrl: 'https://partner.example.com' }),
  ];
  down.setAll('down');
  const members = [known.verifier(), down.verifier()];
  await members[0]?.load();
  const messages = createKeycloakMessages(members);
  const push = mintPush(known, { keycloakSessionIds: ['s1'] });
  assert.equal((await messages.adminPush(push, 'LOGOUT', { log: SILENT })).status, 503);
  const body = { logout_token: mintLogoutToken(known) };
  assert.equal((await messages.backchannelLogout(body, { log: SILENT })).status, 503);
});

test('a push for which no realm is found is refused; a fault of the application is no refusal', async () => {
  for (const [thrown, status] of [
    [new AuthError('tenant_unknown', 'There is no such tenant'), 400],
    [new Error('of the application'), 503],
  ] as const) {
    const messages = createKeycloakMessages(() => {
      throw thrown;
    });
    const answer = await messages.adminPush('a push', 'LOGOUT', { log: SILENT });
    assert.equal(answer.status, status);
  }
});
