import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runChecks } from '../../packages/cli/src/doctor/check.ts';
import { REALM_ADMIN_CHECKS } from '../../packages/cli/src/doctor/checks/admin.ts';
import type { DoctorContext } from '../../packages/cli/src/doctor/context.ts';
import type { AdminEvidence } from '../../packages/cli/src/doctor/evidence/admin.ts';
import type { FlowStep } from '../../packages/cli/src/doctor/evidence/flows.ts';
import { findUserTroubles } from '../../packages/cli/src/doctor/evidence/user.ts';

const step = (providerId: string, level = 0): FlowStep => ({
  ...{ providerId, level, displayName: providerId, requirement: 'REQUIRED' },
});

async function judge(...last: FlowStep[]) {
  const steps = [step('direct-grant-validate-username'), step('direct-grant-validate-password'), ...last];
  const admin = { flow: async () => ({ alias: 'own grant', steps, isOverride: false }) };
  const checks = REALM_ADMIN_CHECKS.filter(({ id }) => id === 'flow.direct-grant');
  const alone = checks.map((one) => ({ ...one, needs: [] }));
  const [result] = await runChecks(alone, {
    reach: { admin },
    close: async () => {},
  } as unknown as DoctorContext);
  return result;
}

test('an admin sees without a login that a flow denies everybody after the password', async () => {
  assert.equal((await judge())?.status, 'ok');
  assert.equal((await judge(step('allow-access-authenticator')))?.status, 'warn');
  assert.equal((await judge(step('deny-access-authenticator', 1)))?.status, 'warn', 'under a condition');
  const denied = await judge(step('deny-access-authenticator'));
  assert.equal(denied?.status, 'fail');
  assert.match(denied?.cause ?? '', /denies every login/);
  assert.match(denied?.fix ?? '', /own grant: take out 'deny-access-authenticator'/);
});

test('a service account is no person: the doctor does not offer to give it a password', async () => {
  const adminOf = (username: string) =>
    ({
      user: async () => ({
        id: 'u',
        username,
        email: username === 'anna' ? 'anna@example.com' : '',
        enabled: true,
      }),
      realm: async () => ({ realm: 'testing' }),
      attack: async () => ({}),
      credentials: async () => [],
      flow: async () => ({ alias: 'direct grant', steps: [], isOverride: false }),
      requiredAttributes: async () => ['email'],
    }) as unknown as AdminEvidence;
  const troublesOf = (username: string) => findUserTroubles(adminOf(username), username);
  const [person] = await troublesOf('anna');
  assert.match(person?.cause ?? '', /has no password/);
  assert.deepEqual(person?.setup, []);
  const [account, ...others] = await troublesOf('service-account-api');
  assert.deepEqual(others, []);
  assert.equal(account?.check, 'user.credentials');
  assert.match(account?.cause ?? '', /is the service account of a client/);
  assert.match(account?.fix ?? '', /^Name a person/);
  assert.equal(account?.setup, undefined);
});

test('a realm that lets everybody guess passwords is no ✓, and events that are not followed are not checked', async () => {
  const admin = { realm: async () => ({ realm: 'shop', sslRequired: 'external' }) };
  const caller = { realm: 'shop', clientId: 'api', serverUrl: 'https://sso.example.com' };
  const checks = REALM_ADMIN_CHECKS.filter(({ id }) => ['realm.settings', 'realm.workflows'].includes(id));
  const results = await runChecks(
    checks.map((one) => ({ ...one, needs: [] })),
    { reach: { admin, caller, config: {} }, close: async () => {} } as unknown as DoctorContext,
  );
  assert.deepEqual(
    results.map(({ status, seen }) => `${status} ${seen}`),
    ['warn brute force protection: off', 'skipped KEYCLOAK_EVENTS is not on'],
  );
  assert.match(
    results[0]?.fix ?? '',
    /Brute force detection\nkcadm\.sh update realms\/shop -s bruteForceProtected=true/,
  );
});
