import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loginPassword, USER_CHECKS } from '../../packages/cli/src/doctor/checks/login/password.ts';
import type { AdminEvidence } from '../../packages/cli/src/doctor/evidence/admin.ts';
import { findDanger, findLock, findUserTroubles } from '../../packages/cli/src/doctor/evidence/user.ts';
import { answer, askDoctor, page, refused, say, UNKNOWN_USER } from './support/ask-doctor.ts';

// What keeps a user out, by what an admin sees and by the words of Keycloak.

/** What Keycloak has, of a user who can log in. */
const adminWith = (more: object = {}, user: object = {}, realm: object = {}) => ({
  realm: async () => ({ realm: 'shop', ...realm }),
  user: async () => ({ id: 'u', username: 'anna', enabled: true, ...user }),
  client: async () => ({}),
  attack: async () => ({}),
  credentials: async () => [{ type: 'password' }],
  flow: async () => ({ alias: 'direct grant', steps: [], isOverride: false }),
  requiredAttributes: async () => [],
  realmsOfUser: async () => [],
  federations: async () => [],
  ...more,
});

test('what keeps a user out is named, each with its check', async () => {
  const about = async (more: object, user?: object, realm?: object, name = 'anna') =>
    (await findUserTroubles(adminWith(more, user, realm) as unknown as AdminEvidence, name)).map(
      ({ check, cause }) => `${check}: ${cause}`,
    );
  assert.deepEqual(await about({}), []);
  const nobody = { user: async () => undefined };
  assert.deepEqual(await about(nobody), ["user.exists: the realm has no user 'anna'"]);
  assert.deepEqual(await about({ ...nobody, realmsOfUser: async () => ['old'] }), [
    "user.exists: the realm has no user 'anna', but the realm 'old' has one",
  ]);
  const directory = (isReached: () => Promise<boolean>) => ({
    ...nobody,
    federations: async () => [{ name: 'staff', url: 'ldap://staff', isReached }],
  });
  assert.match(
    (await about(directory(async () => true)))[0] ?? '',
    /no user 'anna': the realm takes users from 'staff'/,
  );
  assert.match((await about(directory(async () => false)))[0] ?? '', /Keycloak does not reach 'staff'/);

  const email = 'anna@shop.test';
  assert.match(
    (await about({}, {}, { loginWithEmailAllowed: false }, email))[0] ?? '',
    /^user\.exists: .*is an email/,
  );
  assert.deepEqual(
    await about({}, { username: 'ANNA@shop.test' }, { loginWithEmailAllowed: false }, email),
    [],
  );
  assert.deepEqual(await about({}, {}, { loginWithEmailAllowed: true }, email), []);
  assert.deepEqual(await about({}, {}, { loginWithEmailAllowed: false }), []);
  assert.deepEqual(await about({}, { enabled: false }), ["user.enabled: the user 'anna' is disabled"]);
  assert.deepEqual(await about({}, { requiredActions: ['UPDATE_PASSWORD', 'own-action'] }), [
    'user.required-actions: the user has to do something first: set a new password (the one it has is temporary) (UPDATE_PASSWORD), do (own-action)',
  ]);
  const fields = { requiredAttributes: async () => ['username', 'email', 'firstName', 'lastName', 'team'] };
  assert.deepEqual(
    await about(fields, { email: 'e', firstName: 'f', lastName: 'l', attributes: { team: ['t'] } }),
    [],
  );
  assert.match((await about(fields))[0] ?? '', /lacks email, firstName, lastName, team,/);
  const unverified = { emailVerified: false };
  assert.match(
    (await about({}, unverified, { verifyEmail: true }))[0] ?? '',
    /^user\.profile: .*wants verified email/,
  );
  assert.deepEqual(await about({}, unverified), []);
  assert.deepEqual(await about({}, { emailVerified: true }, { verifyEmail: true }), []);
  assert.deepEqual(await about({ credentials: async () => [] }), [
    "user.credentials: the user 'anna' has no password",
  ]);
  assert.deepEqual(await about({ credentials: async () => [] }, { federationLink: 'staff' }), []);
});

test('what mends a trouble of a user is a place in the console, and setup where that can do it', async () => {
  const about = async (user: object, more: object = {}) => {
    const admin = adminWith(more, user) as unknown as AdminEvidence;
    const [first] = await findUserTroubles(admin, 'anna');
    return [first?.fix ?? '', first?.setup] as const;
  };
  const nobody = { user: async () => undefined };
  assert.match((await about({}, nobody))[0], /^Users > Add user, or keycloak-guard setup --user anna$/);
  const elsewhere = { ...nobody, realmsOfUser: async () => ['old'] };
  assert.match((await about({}, elsewhere))[0], /^Users of one realm cannot log in at another/);
  assert.deepEqual((await about({ enabled: false }))[1], ['--enable']);
  const [temporary, none] = await about({ requiredActions: ['UPDATE_PASSWORD'] });
  assert.match(
    temporary,
    /^Users > anna > Credentials > Reset password with Temporary OFF; .*take out UPDATE_PASSWORD; or let/,
  );
  assert.equal(none, undefined);
  const [profile, easy] = await about({ requiredActions: ['VERIFY_PROFILE'] });
  assert.match(profile, /^Users > anna > Details > Required user actions: take out VERIFY_PROFILE/);
  assert.deepEqual(easy, []);
  const lacks = (...names: string[]) => about({}, { requiredAttributes: async () => names });
  assert.match((await lacks('email', 'team'))[0], /User profile > email > Required field OFF$/);
  assert.equal((await lacks('email', 'team'))[1], undefined);
  assert.deepEqual((await lacks('email', 'lastName'))[1], []);
  const locked = { attack: async () => ({ disabled: true }) };
  assert.match((await about({}, locked))[0], /brute-force\/users\/u -r shop$/);
});

test('an OTP device keeps a user out where the flow asks for its code', async () => {
  const about = async (...steps: object[]) =>
    (
      await findUserTroubles(
        adminWith({
          credentials: async () => [{ type: 'password' }, { type: 'otp' }],
          flow: async () => ({ alias: 'own', steps, isOverride: false }),
        }) as unknown as AdminEvidence,
        'anna',
      )
    ).map(({ cause }) => cause);
  const otp = { providerId: 'direct-grant-validate-otp', requirement: 'REQUIRED' };
  const around = { authenticationFlow: true, displayName: 'Conditional OTP', requirement: 'CONDITIONAL' };
  assert.match(
    (await about(around, otp))[0] ?? '',
    /has an OTP device \('no label'\), and the flow 'own' asks/,
  );
  assert.deepEqual(await about(), []);
  assert.deepEqual(await about({ ...otp, requirement: 'DISABLED' }), []);
  assert.deepEqual(await about({ ...otp, providerId: 'password' }), []);
  assert.deepEqual(await about({ ...around, requirement: 'DISABLED' }, otp), []);
  assert.equal(
    (await about({ ...around, authenticationFlow: false, requirement: 'DISABLED' }, otp)).length,
    1,
  );
  assert.equal((await about({ ...around, displayName: 'other', requirement: 'DISABLED' }, otp)).length, 1);
});

test('a password is too old from the day on that the policy names', async () => {
  const about = (days: number, policy: string) =>
    findUserTroubles(
      adminWith(
        { credentials: async () => [{ type: 'password', createdDate: Date.now() - days * 86_400_000 }] },
        {},
        { passwordPolicy: policy },
      ) as unknown as AdminEvidence,
      'anna',
    );
  assert.deepEqual(await about(400, 'length(8)'), []);
  assert.deepEqual(await about(29.9, 'length(8) and forceExpiredPasswordChange(30)'), []);
  assert.match((await about(30, 'forceExpiredPasswordChange(30)'))[0]?.cause ?? '', /older than the 30 days/);
});

test('a locked user is named with the end of the lock, and no login is tried that could lock one', async () => {
  const later = Math.floor(Date.now() / 1000) + 600;
  const lockOf = async (attack: object, user?: object) =>
    (await findLock(adminWith({ attack: async () => attack }, user) as unknown as AdminEvidence, 'anna'))
      ?.cause;
  assert.equal(await lockOf({ disabled: false }), undefined);
  assert.match((await lockOf({ disabled: true })) ?? '', /is locked for a while after some failed logins/);
  assert.match(
    (await lockOf({ disabled: true, failedLoginNotBefore: later, numFailures: 3 })) ?? '',
    new RegExp(`is locked until ${new Date(later * 1000).toISOString()} after 3 failed`),
  );
  assert.match((await lockOf({ disabled: true }, { enabled: false })) ?? '', /until an admin unlocks it/);

  const dangerOf = (attack: object, realm: object) =>
    findDanger(adminWith({ attack: async () => attack }, {}, realm) as unknown as AdminEvidence, 'anna');
  const guarded = { bruteForceProtected: true, failureFactor: 3 };
  assert.equal(await dangerOf({ disabled: true }, {}), 'the user is locked');
  assert.equal(await dangerOf({ numFailures: 99 }, {}), undefined);
  assert.equal(await dangerOf({}, guarded), undefined);
  assert.equal(await dangerOf({ numFailures: 1 }, guarded), undefined);
  assert.equal(await dangerOf({ numFailures: 2 }, guarded), 'a wrong password would lock the user');
  assert.equal(await dangerOf({ numFailures: 28 }, { bruteForceProtected: true }), undefined);
  assert.match((await dangerOf({ numFailures: 29 }, { bruteForceProtected: true })) ?? '', /would lock/);
});

const loginWith = (given: object, more: object = {}) => ({
  login: async () => given,
  token: async () => (given as { json?: { access_token?: string } }).json?.access_token,
  ...more,
});

test('a login that fails is explained by what an admin sees, and else by the words of Keycloak', async () => {
  const about = (given: object, admin: object | null = null) =>
    askDoctor([loginPassword], 'login.password', {
      options: { username: 'anna' },
      reach: { login: loginWith(given), admin },
    });
  const wrong = answer(401, UNKNOWN_USER);
  assert.match((await about(answer(200, { access_token: 'x' }))).seen, /^anna logged in \(1 ms\)$/);
  assert.match(
    (await about(wrong)).cause,
    /^Keycloak does not take this user name and password.*a disabled user/,
  );
  assert.match(
    (await about(wrong, adminWith())).cause,
    /^the password of 'anna' is wrong: the user is there/,
  );
  const linked = { federationLink: 'x' };
  const directory = {
    federations: async () => [{ name: 'staff', url: 'ldap://staff', isReached: async () => true }],
  };
  assert.match(
    (await about(wrong, adminWith(directory, linked))).cause,
    /or its directory does not take it: the realm/,
  );
  assert.match((await about(wrong, adminWith(directory))).cause, /is wrong: the user is there/);
  assert.match((await about(wrong, adminWith({}, linked))).cause, /is wrong: the user is there/);
  const off = await about(wrong, adminWith({}, { enabled: false }));
  assert.equal(off.cause, "the user 'anna' is disabled");
  assert.deepEqual(off.setup, ['--enable']);
  const locked = await about(wrong, adminWith({ attack: async () => ({ disabled: true }) }));
  assert.equal(locked.seen, 'not tried: the user is locked');
  const untried = { ...answer(0), failure: 'not tried: a wrong password would lock the user' };
  assert.equal((await about(untried)).status, 'skipped');

  const notReady = refused('invalid_grant', 'Account is not fully set up', 400);
  assert.match((await about(notReady)).cause, /has to do something first: a temporary password/);
  assert.match((await about(notReady, adminWith())).cause, /No required action is set/);
  assert.match(
    (await about(refused('invalid_grant', 'Account disabled', 400))).cause,
    /^the user 'anna' is disabled$/,
  );
  assert.match(
    (await about(refused('not_allowed', 'Offline tokens not allowed for the user or client', 400))).cause,
    /^offline tokens/,
  );
  assert.match(
    (await about(refused('invalid_request', 'Client Certification missing for MTLS HoK Token Binding', 400)))
      .cause,
    /^the client binds tokens/,
  );

  const session = page(400, '<p>There are too many sessions</p>');
  assert.match(
    (await about(session)).cause,
    /as many sessions as the realm allows one user \(User session count limiter of the login flow\)/,
  );
  const flow = {
    flow: async () => ({
      alias: 'own',
      steps: [
        { providerId: 'direct-grant-validate-password', displayName: 'Password', requirement: 'REQUIRED' },
        { providerId: 'conditional-user-role', displayName: 'Condition', requirement: 'REQUIRED' },
        { providerId: 'deny', displayName: 'Deny', requirement: 'REQUIRED' },
        { providerId: 'off', displayName: 'Off', requirement: 'DISABLED' },
        { displayName: 'sub-flow', requirement: 'REQUIRED' },
      ],
    }),
  };
  assert.match((await about(session, adminWith(flow))).cause, /login flow 'own'\)$/);
  assert.match(
    (await about(page(400, '<p>Access denied</p>'), adminWith(flow))).cause,
    /'own' refuses 'anna' \(its own steps: Deny\): Access denied/,
  );
  assert.doesNotMatch((await about(page(400, '<p>Access denied</p>'))).cause, /its own steps/);

  const broken = answer(500, { error: 'unknown_error' });
  assert.match((await about(broken)).cause, /^Keycloak failed while logging the user in.*the client\.$/);
  const attributes = { 'id.token.encrypted.response.alg': 'RSA-OAEP', 'x.alg': '', other: 'y' };
  assert.match(
    (await about(broken, adminWith({ ...flow, client: async () => ({ attributes }) }))).cause,
    /What is unusual here: the step 'Deny' of the flow 'own'; id\.token\.encrypted\.response\.alg = RSA-OAEP of the client$/,
  );
});

test('checks of the user: a trouble counts where it keeps the user out', async () => {
  const about = (given: object | undefined, id = 'user.enabled') =>
    say(USER_CHECKS, id, {
      options: { username: 'anna' },
      reach: {
        login: given === undefined ? null : loginWith(given),
        admin: adminWith({}, { enabled: false }),
      },
    });
  assert.match(await about(answer(401, UNKNOWN_USER)), /^fail the user 'anna' is disabled/);
  assert.match(await about(undefined), /^fail/);
  assert.equal(await about(answer(200, { access_token: 'x' })), 'ok the user logged in as it is');
  assert.equal(await about(answer(401, UNKNOWN_USER), 'user.locked'), 'ok not locked');
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
