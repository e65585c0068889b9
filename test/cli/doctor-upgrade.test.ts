import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runChecks } from '../../packages/cli/src/doctor/check.ts';
import type { DoctorContext } from '../../packages/cli/src/doctor/context.ts';
import { UPGRADE_CHECKS } from '../../packages/cli/src/doctor/upgrade/checks.ts';

const REALM = {
  ssoSessionIdle: 1800,
  ssoSessionMax: 36_000,
  clients: [],
  mappersOf: () => [],
  identityProviders: [],
  hasAdminPermissions: false,
  exchangePermissions: [],
  policyTypes: new Set<string>(),
  unread: [] as string[],
};

/** The findings that are no ✓, with what was seen and the cause. */
async function upgrade(version: string | undefined, to: string, more = {}): Promise<string[]> {
  const context = {
    upgrade: { to, facts: async () => ({ ...REALM, version, ...more }) },
    close: async () => {},
  };
  const [first, ...others] = UPGRADE_CHECKS;
  const checks = [{ ...first, needs: [] }, ...others] as typeof UPGRADE_CHECKS;
  const results = await runChecks(checks, context as unknown as DoctorContext);
  return results
    .filter(({ status, id }) => (status === 'fail' || status === 'warn') && id !== 'upgrade.unseen')
    .map(({ id, seen, cause }) => `${id}: ${seen}: ${cause}`);
}

const KNOWN = 'changes are known from 22.0.0 to 26.7.3';

test('--upgrade to a version that this doctor does not know says so, and fails', async () => {
  for (const to of ['26.8', '26.8.2', '26.7.4', '27', '99.99.99'])
    assert.deepEqual(await upgrade('26.7.3', to), [
      `upgrade.known: ${KNOWN}: this doctor knows nothing of versions after 26.7.3, nor whether there is a ${to}`,
    ]);
  assert.deepEqual(await upgrade('21.1.2', '26.7.3'), [
    `upgrade.known: ${KNOWN}: this Keycloak is 21.1.2: changes before 22.0.0 were not looked for`,
  ]);
});

test('--upgrade 26.7 and 26 mean the last version of them that is known', async () => {
  for (const to of ['26', '26.7', '26.7.3']) assert.deepEqual(await upgrade('26.0.8', to), []);
  assert.deepEqual(await upgrade('26.7.3', '26'), ['upgrade.version: 26.7.3: Keycloak is 26.7.3 already']);
});

test('--upgrade says what the admin may not see: nothing was found there because nothing was read', async () => {
  const [only = ''] = await upgrade('26.0.8', '26', { unread: ['identity providers'] });
  assert.match(only, /^upgrade\.known: not read: identity providers: this admin may not see/);
});

test('--upgrade to an earlier version says that there is no way back', async () => {
  const [only = '', ...more] = await upgrade('26.7.3', '26.0.8');
  assert.match(only, /^upgrade.version: from 26.7.3 back to 26.0.8: Keycloak is 26.7.3, which is later/);
  assert.deepEqual(more, []);
});
