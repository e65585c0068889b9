import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { RealmRepresentation } from '../../packages/testing/src/index.ts';
import { startDevIdp } from '../../packages/testing/src/index.ts';
import { settingsFor, troubles, visitDoctor } from './doctor-visit.ts';

const REALM_FILE = new URL('../../packages/testing/testing-realm.json', import.meta.url);
const USER = { DOCTOR_USER: 'abdullah', DOCTOR_PASSWORD: 'Test#123456' };

/** What the doctor says of a realm that differs from the guide's. */
async function troublesWith(change: (realm: RealmRepresentation) => void, settings = {}) {
  const realm = JSON.parse(readFileSync(REALM_FILE, 'utf8')) as RealmRepresentation;
  change(realm);
  const idp = await startDevIdp({ realm });
  try {
    const results = await visitDoctor({ settings: { ...settingsFor(idp.url), ...settings }, env: USER });
    return troubles(results).map(({ id, status }) => `${id} ${status}`);
  } finally {
    await idp.close();
  }
}

const withoutAudience = (realm: RealmRepresentation) => {
  realm.clients![0]!.protocolMappers = [];
};

test('without an audience mapper tokens are good here, asked for by userinfo: a warning', async () => {
  assert.deepEqual(await troublesWith(withoutAudience), [
    'mappers.audience warn',
    'login.introspection warn',
  ]);
});

test('an audience that the settings want and the token has not is a failure', async () => {
  const found = await troublesWith(() => {}, { KEYCLOAK_AUDIENCE: 'another-api' });
  assert.deepEqual(found, ['mappers.audience fail', 'login.token fail']);
});

test('a token without an audience that a not-before makes stale: the not-before is named, not the audience', async () => {
  const found = await troublesWith((realm) => {
    withoutAudience(realm);
    realm.notBefore = Math.floor(Date.now() / 1000) + 600;
  });
  assert.deepEqual(found, [
    'mappers.audience warn',
    'login.userinfo fail',
    'login.introspection fail',
    'login.refresh fail',
  ]);
});

test('a user without roles is a warning: nothing but guards for roles needs any', async () => {
  const found = await troublesWith((realm) => {
    realm.users![0]!.realmRoles = [];
  });
  assert.deepEqual(found, ['scopes.roles warn']);
});
