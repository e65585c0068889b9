import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { createMemoryRevocationStore } from '../../packages/guard/src/core/index.ts';
import { BOB, createFakeKeycloak, grant } from '../authz/fake-keycloak.ts';
import { eventually } from '../support/eventually.ts';

test('an answer about a permission is asked anew when something was heard of the user, or of all; not when it was of others', async () => {
  const revocationStore = createMemoryRevocationStore();
  const fake = createFakeKeycloak();
  grant(fake, BOB, 'orders#view');
  const bob = fake.tokenOf(BOB);
  const permissions = fake.permissions({}, { revocationStore });
  const { issuer } = fake.realm;
  const hear = (subject?: string) =>
    revocationStore.add({ type: 'change', issuer, subject, issuedUntil: 0, effect: 'ask' });
  await permissions.has(bob, ['orders#view']);
  await hear('somebody else');
  await permissions.has(bob, ['orders#view']);
  assert.equal(fake.questions.length, 1);
  fake.grants.clear();
  await hear(BOB);
  assert.equal(await permissions.has(bob, ['orders#view']), false);
  assert.equal(fake.questions.length, 2);
  await hear();
  await permissions.has(bob, ['orders#view']);
  assert.equal(fake.questions.length, 3);
});

test('an answer that was asked for before something was heard of the user is not that of later requests', async () => {
  const revocationStore = createMemoryRevocationStore();
  const fake = createFakeKeycloak();
  grant(fake, BOB, 'orders#view');
  const bob = fake.tokenOf(BOB);
  let arrive = () => {};
  const slow = new Promise<void>((resolve) => {
    arrive = resolve;
  });
  const late: typeof fetch = async (...call) => {
    const answer = await fake.fetch(...call);
    // Keycloak has decided, and its answer is on the way.
    if (fake.questions.length === 1) await slow;
    return answer;
  };
  const permissions = fake.permissions({ fetch: late }, { revocationStore });
  const before = permissions.has(bob, ['orders#view']);
  await eventually('the question', () => fake.questions.length === 1);
  fake.grants.clear();
  const { issuer } = fake.realm;
  await revocationStore.add({ type: 'change', issuer, subject: BOB, issuedUntil: 0, effect: 'ask' });
  const after = permissions.has(bob, ['orders#view']);
  await setImmediate();
  arrive();
  await before;
  assert.deepEqual([await after, await permissions.has(bob, ['orders#view'])], [false, false]);
});
