import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { AdminConnection } from '../../packages/cli/src/admin/connection.ts';
import { createContext } from '../../packages/cli/src/doctor/context.ts';
import type { AdminEvidence } from '../../packages/cli/src/doctor/evidence/admin.ts';
import { createLoginEvidence } from '../../packages/cli/src/doctor/evidence/client.ts';
import {
  type FlowStep,
  findForcedOtp,
  readSignInLevels,
} from '../../packages/cli/src/doctor/evidence/flows.ts';
import { readDoctorOptions } from '../../packages/cli/src/doctor/options.ts';
import type { RealmCalls } from '../../packages/cli/src/keycloak/realm-calls.ts';
import { ConfigError } from '../../packages/server/src/index.ts';
import { answer } from './support/ask-doctor.ts';
import { emptyFolder } from './support/program.ts';

/** A login whose answer is given, and the tokens with which Keycloak was called after it. */
function logIn(json: object, danger?: string) {
  const called: string[] = [];
  const note = (name: string, given = answer(200, { active: true })) => {
    return async (token: string) => {
      called.push(`${name} ${token}`);
      return given;
    };
  };
  const calls = {
    passwordGrant: async () => answer(200, json),
    ...{ userinfo: note('userinfo'), introspect: note('introspect'), logout: note('logout', answer(204)) },
    refresh: note('refresh', answer(200, { refresh_token: 'r2' })),
  } as unknown as RealmCalls;
  const user = { username: 'anna', password: 'x' };
  return { evidence: createLoginEvidence(calls, user, async () => danger), called };
}

test('the login of the doctor leaves no session behind, and ends it once', async () => {
  const { evidence, called } = logIn({ access_token: 'a', refresh_token: 'r1' });
  await evidence.close();
  assert.deepEqual(called, [], 'nobody has logged in');
  await Promise.all([evidence.userinfo(), evidence.userinfo(), evidence.introspection()]);
  await evidence.refresh();
  await evidence.close();
  await evidence.close();
  assert.deepEqual(called, ['userinfo a', 'introspect a', 'refresh r1', 'logout r2']);

  const ended = logIn({ access_token: 'a', refresh_token: 'r1' });
  assert.equal((await ended.evidence.userinfoAfterLogout()).status, 200);
  await ended.evidence.close();
  assert.deepEqual(ended.called, ['logout r1', 'userinfo a']);
});

test('what was not opened is not ended: a login that is refused, dangerous, or has no refresh token', async () => {
  for (const [json, danger] of [
    [{ error: 'invalid_grant' }, undefined],
    [{ access_token: 'a' }, undefined],
    [{ access_token: 'a', refresh_token: 'r1' }, 'it would lock the user'],
  ] as const) {
    const { evidence, called } = logIn(json, danger);
    const token = await evidence.token();
    assert.equal(token, danger === undefined && 'access_token' in json ? 'a' : undefined);
    await evidence.close();
    assert.deepEqual(called, []);
  }
  const { evidence } = logIn({ access_token: 'a' }, 'it would lock the user');
  const { status, failure } = await evidence.login();
  assert.deepEqual([status, failure], [0, 'not tried: it would lock the user']);
});

const CONDITION = 'conditional-level-of-authentication';

/** The levels of a realm with these steps, whose conditions have the levels of their ids. */
function levelsOf(steps: readonly FlowStep[], { client = {}, realm = {}, flows = {} } = {}) {
  const asked: string[] = [];
  const api = {
    authenticationManagement: {
      getFlow: async ({ flowId }: { flowId: string }) => ({ alias: `flow ${flowId}` }),
      getExecutions: async ({ flow }: { flow: string }) => {
        asked.push(flow);
        return steps;
      },
      getConfig: async ({ id }: { id: string }) => ({ config: { 'loa-condition-level': id } }),
      ...flows,
    },
  };
  const admin = {
    connection: async () => ({ api }) as unknown as AdminConnection,
    client: async () => client,
    realm: async () => realm,
  } as unknown as AdminEvidence;
  return { asked, levels: readSignInLevels(admin, 'shop') };
}

test('the levels of sign-in are those of the conditions that run, in their order', async () => {
  const condition = (level: number, id: string | undefined, requirement = 'REQUIRED') => ({
    ...{ level, providerId: CONDITION, requirement, authenticationConfig: id as string },
  });
  const { asked, levels } = levelsOf([
    { level: 0, displayName: 'forms', requirement: 'ALTERNATIVE' },
    { level: 1, displayName: 'second', requirement: 'CONDITIONAL' },
    ...[condition(2, '10'), condition(2, '2'), condition(2, '10'), condition(2, undefined)],
    { level: 1, displayName: 'off', requirement: 'DISABLED' },
    ...[condition(2, '3'), condition(0, '4', 'DISABLED')],
    { level: 0, providerId: 'auth-cookie', requirement: 'ALTERNATIVE' },
  ]);
  const { conditions, flow, mappedBy, defaults, isInToken } = await levels;
  assert.deepEqual([conditions, flow, asked], [[2, 10], 'browser', ['browser']]);
  assert.deepEqual([mappedBy, defaults, isInToken], [undefined, [], false]);
});

test('what a client says of its levels comes before what the realm says', async () => {
  const map = (text: string) => ({ attributes: { 'acr.loa.map': text } });
  const ofRealm = { ...map('{"gold":"3"}'), browserFlow: 'ours' };
  const own = await levelsOf([], { client: map('{"silver":2}'), realm: ofRealm }).levels;
  assert.deepEqual([own.mappedBy, [...own.map], own.flow], ['client', [['silver', 2]], 'ours']);
  for (const text of ['{}', 'null', '5', 'no json']) {
    const { mappedBy, map: read } = await levelsOf([], { client: map(text), realm: ofRealm }).levels;
    assert.deepEqual([mappedBy, [...read]], ['realm', [['gold', 3]]], text);
  }
  const overridden = await levelsOf([], {
    client: {
      ...{ authenticationFlowBindingOverrides: { browser: 'f-1' }, defaultClientScopes: ['acr'] },
      attributes: { 'default.acr.values': 'gold##silver' },
    },
    realm: ofRealm,
  }).levels;
  const { flow, defaults, isInToken } = overridden;
  assert.deepEqual([flow, defaults, isInToken], ['flow f-1', ['gold', 'silver'], true]);
  const byMapper = { client: { protocolMappers: [{ protocolMapper: 'oidc-acr-mapper' }] } };
  assert.equal((await levelsOf([], byMapper).levels).isInToken, true);
});

test('a flow that cannot be seen is named as that', async () => {
  const flows = { getExecutions: async () => Promise.reject(new TypeError('fetch failed')) };
  await assert.rejects(levelsOf([], { flows }).levels, { name: 'AdminError', message: /see the flows/ });
});

test('an OTP is wanted of everybody where it, and all around it, is required', () => {
  const otp = (level: number, requirement = 'REQUIRED') => ({
    ...{ level, requirement, providerId: 'direct-grant-validate-otp', displayName: 'OTP' },
  });
  const around = (requirement: string) => ({ level: 0, requirement, displayName: 'around' });
  const nameOf = (...steps: FlowStep[]) => findForcedOtp(steps)?.displayName;
  assert.equal(nameOf(otp(0)), 'OTP');
  assert.equal(nameOf(around('REQUIRED'), otp(1)), 'OTP');
  assert.equal(nameOf(around('CONDITIONAL'), otp(1)), undefined);
  assert.equal(nameOf(otp(0, 'ALTERNATIVE')), undefined);
  assert.equal(
    nameOf(around('REQUIRED'), { ...otp(1), providerId: 'direct-grant-validate-password' }),
    undefined,
  );
});

test('where the settings are wrong there is no Keycloak to look at, and nothing that was opened is left', async () => {
  const file = join(emptyFolder(), '.env');
  writeFileSync(file, 'KEYCLOAK_SERVER_URL=ftp://sso.example.com\n');
  const options = await readDoctorOptions(['--env', file], {});
  const context = createContext(options);
  assert.ok(context.settings instanceof ConfigError);
  assert.throws(() => context.reach, { message: 'the settings are not valid' });
  assert.equal(context.upgrade, undefined);
  await context.close();
});
