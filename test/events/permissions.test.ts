import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMemoryRevocationStore } from '../../packages/guard/src/core/index.ts';
import { BOB, createFakeKeycloak, grant } from '../authz/fake-keycloak.ts';

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
