import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KeycloakMessage } from '../../packages/guard/src/core/internal.ts';
import { createTestRealm } from '../support/test-realm.ts';
import { messagesOf, mintLogoutToken } from './signed-messages.ts';

const SILENT = { warn() {}, error() {} };

async function setUp() {
  const realm = createTestRealm();
  const verifier = realm.verifier();
  await verifier.load();
  return { realm, messages: messagesOf(verifier.members) };
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
      told.map(({ revocations, error }) => [revocations.length, error]),
      [[1, null]],
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
});

test('a logout token of no known realm is refused as such, and its issuer is cut for the log', async () => {
  const [first, second] = [createTestRealm(), createTestRealm({ realm: 'second' })];
  const members = [first.verifier(), second.verifier()];
  await Promise.all(members.map((member) => member.load()));
  const messages = messagesOf(members);
  const logged: { code?: string; seen?: string }[] = [];
  const log = { warn: (fields: object) => void logged.push(fields), error() {} };
  const token = mintLogoutToken(first, { iss: `https://${'x'.repeat(500)}` });
  const answer = await messages.backchannelLogout({ logout_token: token }, { log });
  assert.equal(answer.status, 400);
  assert.equal(logged[0]?.code, 'logout_token_invalid');
  assert.equal(logged[0]?.seen?.length, 200);
});
