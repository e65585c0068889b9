import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Verifier } from '../../packages/guard/src/core/index.ts';
import type { KeycloakMessage } from '../../packages/guard/src/core/internal.ts';
import { assertRefused } from '../support/refusal.ts';
import { createTestRealm } from '../support/test-realm.ts';
import { messagesOf, mintLogoutToken } from './signed-messages.ts';

type Logged = { level: string; message: string; fields: Record<string, unknown> };

/** What the log and the listener are told. */
function listener() {
  const logged: Logged[] = [];
  const told: KeycloakMessage[] = [];
  const write = (level: string) => (fields: object, message?: string) =>
    void logged.push({ level, message: String(message), fields: { ...fields } });
  const log = { warn: write('warn'), error: write('error') } as never;
  return { logged, told, log, onMessage: (message: KeycloakMessage) => void told.push(message) };
}

const HEADERS = {
  'cache-control': 'no-store',
  connection: 'close',
  'content-type': 'application/json; charset=utf-8',
};

async function startTwo() {
  const [realm, other] = [createTestRealm(), createTestRealm({ realm: 'other' })];
  const [ours, theirs] = [realm, other].map((one) => one.verifier({ issuer: one.issuer })) as [
    Verifier,
    Verifier,
  ];
  const members = [theirs, ours] as const;
  await Promise.all(members.map((member) => member.load()));
  return { realm, members, messages: messagesOf(members) };
}

const revocationsOf = (members: readonly Verifier[]) => members.map((member) => member.status().revocations);

test('a session that ended in a realm has ended there, and in no other realm', async () => {
  const { realm, members, messages } = await startTwo();
  const token = realm.mint({ sid: 's1' });
  assert.ok(await members[1].verify(token));
  const { told, ...listeners } = listener();
  const answer = await messages.backchannelLogout({ logout_token: mintLogoutToken(realm) }, listeners);
  assert.equal(answer.status, 204);
  assert.deepEqual(answer.headers, { 'cache-control': 'no-store', connection: 'close' });
  assert.deepEqual(revocationsOf(members), [0, 1]);
  await assertRefused(() => members[1].verify(token), 'token_revoked');
  assert.deepEqual(
    told.map(({ revocations, error }) => [revocations.length, error]),
    [[1, null]],
  );
});

test('a message that is refused is a line in the log, and Keycloak hears no more than that it was', async () => {
  const { realm, messages } = await startTwo();
  const { logged, told, ...listeners } = listener();
  const twice = new URLSearchParams([0, 0].map(() => ['logout_token', mintLogoutToken(realm)])).toString();
  const answers = [
    await messages.backchannelLogout(twice, listeners),
    await messages.backchannelLogout('logout_token=nonsense', listeners),
    // As the doctor asks whether this is a receiver: no line for it.
    await messages.backchannelLogout('logout_token=', listeners),
  ];
  assert.deepEqual(
    answers.map(({ status, headers, body }) => [status, headers, JSON.parse(String(body)).error_description]),
    [
      [400, HEADERS, 'Invalid logout token'],
      [400, HEADERS, 'Invalid logout token'],
      [400, HEADERS, 'Invalid logout token'],
    ],
  );
  assert.deepEqual(JSON.parse(String(answers[0]?.body)), {
    error: 'invalid_request',
    error_description: 'Invalid logout token',
    detail: 'Invalid logout token',
  });
  assert.deepEqual(logged[0], {
    level: 'warn',
    message: 'The request must have one logout_token',
    fields: { code: 'logout_token_invalid', expected: undefined, seen: undefined },
  });
  assert.deepEqual(
    logged.slice(1).map(({ fields: { code }, message }) => [code, message]),
    [
      [
        'logout_token_invalid',
        'The logout token is not valid: The token is not a signed JWT in compact form',
      ],
    ],
  );
  assert.deepEqual(
    told.map(({ revocations }) => revocations),
    [[], [], []],
  );
});

test('a logout that comes while no keys can be loaded is not said to be one that could not be shared', async () => {
  const realm = createTestRealm();
  realm.setAll('down');
  const { logged, told, ...listeners } = listener();
  const messages = messagesOf([realm.verifier()]);
  const answer = await messages.backchannelLogout({ logout_token: mintLogoutToken(realm) }, listeners);
  assert.deepEqual([answer.status, answer.headers], [503, { ...HEADERS, 'retry-after': '5' }]);
  assert.match(logged[0]?.message ?? '', /^a logout could not be checked\. No signing keys can be loaded: /);
  assert.deepEqual(
    told.map(({ error }) => error?.code),
    ['provider_unavailable'],
  );
});

test('a logout that could not be shared is Keycloak told to send again, and the listener why', async () => {
  const realm = createTestRealm();
  const away = async () => Promise.reject(new Error('the store is away'));
  const verifier = realm.verifier({
    revocationStore: { add: away, subscribe: () => () => {}, useOnce: async () => true },
  });
  await verifier.load();
  const { logged, told, ...listeners } = listener();
  const messages = messagesOf([verifier]);
  const answer = await messages.backchannelLogout({ logout_token: mintLogoutToken(realm) }, listeners);
  assert.equal(answer.status, 503);
  assert.deepEqual(answer.headers, { ...HEADERS, 'retry-after': '5' });
  assert.deepEqual(
    logged.map(({ level, message }) => [level, message]),
    [['error', 'a logout could not be shared with other processes']],
  );
  assert.deepEqual(
    told.map(({ revocations, error }) => [revocations, error?.code]),
    [[[], 'revocation_not_shared']],
  );
});
