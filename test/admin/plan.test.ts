import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { CurrentState } from '../../packages/cli/src/admin/current.ts';
import { type SetupGoal, toClient, type UserGoal } from '../../packages/cli/src/admin/goal.ts';
import { coversUri } from '../../packages/cli/src/admin/mappers.ts';
import { makePlan } from '../../packages/cli/src/admin/plan/plan.ts';
import type { Plan } from '../../packages/cli/src/admin/plan/step.ts';
import { planUser } from '../../packages/cli/src/admin/plan/user.ts';

const GOAL: SetupGoal = {
  realm: 'testing',
  clientId: 'api',
  appUrl: 'http://localhost:8000',
  backchannelLogoutUrl: { url: 'http://localhost:8000/backchannel-logout', replace: false },
  user: {
    username: 'anna',
    password: 'a-password',
    email: 'anna@example.com',
    firstName: 'Anna',
    lastName: 'Example',
    resetPassword: false,
  },
  realmRoles: [],
  clientRoles: [],
  groups: [],
  enable: false,
};

const EMPTY: CurrentState = {
  realm: null,
  client: null,
  scopes: [],
  realmRoles: [],
  clientRoles: [],
  groups: [],
  user: null,
  userHasPassword: false,
  userRealmRoles: [],
  userClientRoles: [],
  userGroups: [],
  requiredAttributes: [],
  callers: [],
};

const AUDIENCE = {
  name: 'audience',
  protocolMapper: 'oidc-audience-mapper',
  config: { 'included.client.audience': 'api', 'access.token.claim': 'true' },
};

/** A set-up that needs nothing. */
const GOOD: CurrentState = {
  ...EMPTY,
  realm: { realm: 'testing', enabled: true },
  client: {
    clientId: 'api',
    enabled: true,
    publicClient: false,
    clientAuthenticatorType: 'client-secret',
    standardFlowEnabled: true,
    directAccessGrantsEnabled: true,
    redirectUris: ['http://localhost:8000/*'],
    webOrigins: ['+'],
    defaultClientScopes: ['basic', 'profile', 'email', 'roles'],
    protocolMappers: [AUDIENCE],
    attributes: {
      'pkce.code.challenge.method': 'S256',
      'post.logout.redirect.uris': '+',
      'backchannel.logout.url': 'https://elsewhere.example/logout',
      'backchannel.logout.session.required': 'true',
    },
  },
  scopes: ['basic', 'profile', 'email', 'roles'].map((name) => ({ name })),
  user: {
    username: 'anna',
    enabled: true,
    email: 'a@b.c',
    firstName: 'A',
    lastName: 'B',
    emailVerified: true,
  },
  userHasPassword: true,
};

const changesOf = (plan: Plan): string[] =>
  plan.steps.flatMap(({ changes }) => changes.map(({ field, from, to }) => `${field}: ${from} → ${to}`));

describe('the plan', () => {
  test('makes everything where there is nothing, in the order in which it has to be done', () => {
    const goal = { ...GOAL, realmRoles: ['editor'], clientRoles: ['reader'], groups: ['/staff/dev'] };
    assert.deepEqual(
      makePlan(EMPTY, goal).steps.map(({ action }) => action.type),
      [
        'create-realm',
        'create-realm-role',
        'create-group',
        'create-group',
        'create-client',
        'create-client-role',
        'create-scope',
        'add-scope',
        'create-user',
        'grant-roles',
        'join-group',
      ],
    );
  });

  test('is empty where everything is well, whoever else gets the logout calls', () => {
    const plan = makePlan(GOOD, GOAL);
    assert.deepEqual(plan.steps, []);
    assert.deepEqual(plan.blocked, []);
    assert.deepEqual(plan.kept, ['realm testing', 'client api', 'user anna']);
  });

  test('changes only what is needed, and lists only grow', () => {
    const client = {
      ...GOOD.client,
      publicClient: true,
      bearerOnly: true,
      directAccessGrantsEnabled: false,
      redirectUris: ['https://app.example/*'],
      webOrigins: ['https://app.example'],
    };
    assert.deepEqual(changesOf(makePlan({ ...GOOD, client }, GOAL)), [
      'Bearer only: on → off',
      'Client authentication: off → on',
      'Direct access grants: off → on',
      'Valid redirect URIs: https://app.example/* → https://app.example/*, http://localhost:8000/*',
      'Web origins: https://app.example → https://app.example, http://localhost:8000',
    ]);
  });

  test('is content with exact URIs: the callback, and the page after a logout', () => {
    const client = {
      ...GOOD.client,
      redirectUris: ['http://localhost:8000/auth/callback'],
      attributes: { ...GOOD.client?.attributes, 'post.logout.redirect.uris': 'http://localhost:8000/' },
    };
    assert.deepEqual(changesOf(makePlan({ ...GOOD, client }, GOAL)), []);
  });

  test("a '+' for post logout stands for the redirect URIs, which need not cover the page after a logout", () => {
    const client = {
      ...GOOD.client,
      redirectUris: ['http://localhost:8000/auth/callback'],
      attributes: { ...GOOD.client?.attributes, 'post.logout.redirect.uris': '+' },
    };
    const { steps } = makePlan({ ...GOOD, client }, GOAL);
    assert.deepEqual(
      steps.map(({ action }) => action.type === 'update-client' && action.attributes),
      [
        {
          'post.logout.redirect.uris': 'http://localhost:8000/auth/callback##http://localhost:8000/*',
        },
      ],
    );
  });

  test('turns no safe setting back: it is left to a person', () => {
    const client = {
      ...GOOD.client,
      consentRequired: true,
      clientAuthenticatorType: 'client-jwt',
      attributes: {
        ...GOOD.client?.attributes,
        'dpop.bound.access.tokens': 'true',
        'tls.client.certificate.bound.access.tokens': 'true',
        'require.pushed.authorization.requests': 'true',
      },
    };
    const plan = makePlan({ ...GOOD, client }, GOAL);
    assert.deepEqual(plan.steps, []);
    assert.equal(plan.blocked.length, 5);
    const { fix } = plan.blocked.find(({ why }) => why.includes('client-jwt')) ?? {};
    assert.match(fix ?? '', /^leave it so, and set KEYCLOAK_CLIENT_KEY_FILE /);
    const saml = makePlan({ ...GOOD, client: { ...GOOD.client, protocol: 'saml' } }, GOAL);
    assert.deepEqual(
      saml.blocked.map(({ why }) => why),
      ['the client speaks saml'],
    );
    const oidc = makePlan({ ...GOOD, client: { ...GOOD.client, protocol: 'openid-connect' } }, GOAL);
    assert.deepEqual(oidc.blocked, []);
  });

  test('leaves a flow that is off to a person where flows are to stay, and asks for none that is on or not needed', () => {
    const whyOf = (client: object, shape?: 'web') => {
      const goal = { ...GOAL, keepFlows: true, ...(shape && { shape }) };
      return makePlan({ ...GOOD, client: { ...GOOD.client, ...client } }, goal).blocked.map(({ why }) => why);
    };
    const off = { directAccessGrantsEnabled: false };
    assert.deepEqual(whyOf({}), []);
    assert.deepEqual(whyOf(off), ["the switch 'Direct access grants' is off, perhaps on purpose"]);
    assert.deepEqual(whyOf(off, 'web'), []);
  });

  test('switches on what is off only when that is asked for', () => {
    const off: CurrentState = {
      ...GOOD,
      realm: { realm: 'testing', enabled: false },
      client: { ...GOOD.client, enabled: false },
      user: { ...GOOD.user, enabled: false },
    };
    assert.deepEqual(makePlan(off, GOAL).steps, []);
    assert.equal(makePlan(off, GOAL).blocked.length, 3);
    assert.equal(makePlan(off, { ...GOAL, enable: true }).steps.length, 3);
  });

  test('completes a user, and replaces neither a value nor a password', () => {
    const user = { ...GOOD.user, lastName: '', requiredActions: ['VERIFY_PROFILE', 'CONFIGURE_TOTP'] };
    const plan = makePlan({ ...GOOD, user }, GOAL);
    assert.deepEqual(changesOf(plan), [
      'Last name:  → Example',
      'Required user actions: VERIFY_PROFILE, CONFIGURE_TOTP → CONFIGURE_TOTP',
    ]);
    assert.match(plan.blocked[0]?.why ?? '', /CONFIGURE_TOTP/);
    assert.deepEqual(changesOf(makePlan({ ...GOOD, userHasPassword: false }, GOAL)), [
      'Password: none → set, not temporary',
    ]);
  });

  test('leaves a temporary password temporary, and makes way for a new one alone', () => {
    const user = { ...GOOD.user, requiredActions: ['UPDATE_PASSWORD', 'UPDATE_PROFILE'] };
    const kept = makePlan({ ...GOOD, user }, GOAL);
    assert.deepEqual(changesOf(kept), [
      'Required user actions: UPDATE_PASSWORD, UPDATE_PROFILE → UPDATE_PASSWORD',
    ]);
    assert.match(kept.blocked[0]?.why ?? '', /has to do something first \(UPDATE_PASSWORD\)/);
    assert.match(kept.blocked[0]?.fix ?? '', /choose a password once.*--reset-password and a new password/);
    const reset = { ...GOAL, user: { ...(GOAL.user as UserGoal), resetPassword: true } };
    assert.deepEqual(changesOf(makePlan({ ...GOOD, user }, reset)), [
      'Required user actions: UPDATE_PASSWORD, UPDATE_PROFILE → none',
      'Password: as it was → set, not temporary',
    ]);
    const without = { ...reset, user: { ...reset.user, password: undefined } };
    assert.match(makePlan({ ...GOOD, user }, without).blocked[0]?.why ?? '', /UPDATE_PASSWORD/);
  });

  test('registers any path of an app on this machine, and elsewhere the addresses that are used alone', () => {
    const uris = (appUrl: string) => {
      const { redirectUris, attributes } = toClient({ ...GOAL, appUrl });
      return [redirectUris, attributes['post.logout.redirect.uris']];
    };
    for (const appUrl of [
      'http://localhost:8000',
      'http://127.0.0.1:3000',
      'http://[::1]:1',
      'http://api.localhost',
    ]) {
      assert.deepEqual(uris(appUrl), [[`${appUrl}/*`, 'http://127.0.0.1/callback'], `${appUrl}/*`]);
    }
    for (const appUrl of [
      'https://app.example',
      'http://localhost.example:8000',
      'https://app.example/base',
    ]) {
      const login = [`${appUrl}/auth/callback`, `${appUrl}/docs/static/oauth2-redirect.html`];
      assert.deepEqual(uris(appUrl), [login, `${appUrl}/`]);
    }
    const client = { ...GOOD.client, redirectUris: ['https://old.example/*'], webOrigins: ['*'] };
    assert.deepEqual(
      changesOf(makePlan({ ...GOOD, client }, { ...GOAL, appUrl: 'https://app.example' })).slice(0, 2),
      [
        'Valid redirect URIs: https://old.example/* → https://old.example/*, https://app.example/auth/callback, https://app.example/docs/static/oauth2-redirect.html',
        'Valid post logout redirect URIs: + → https://old.example/*, https://app.example/auth/callback, https://app.example/docs/static/oauth2-redirect.html, https://app.example/',
      ],
    );
  });

  test('shows no secret and no password', () => {
    for (const current of [EMPTY, { ...GOOD, userHasPassword: false }]) {
      const plan = makePlan(current, { ...GOAL, clientSecret: 'the-secret' });
      const shown = JSON.stringify([
        plan.steps.map(({ action: _, ...step }) => step),
        plan.kept,
        plan.blocked,
      ]);
      assert.doesNotMatch(shown, /the-secret|a-password/);
    }
  });

  test('needs no mapper of its own where a default scope has one, and mends one that does not do its work', () => {
    const inScope = (mapper: object) => ({
      ...GOOD,
      client: { ...GOOD.client, protocolMappers: [] },
      scopes: GOOD.scopes.map((one) => (one.name === 'basic' ? { ...one, protocolMappers: [mapper] } : one)),
    });
    const off = { ...AUDIENCE, config: { ...AUDIENCE.config, 'access.token.claim': 'false' } };
    assert.equal(makePlan(inScope(off), GOAL).steps.length, 1);
    const custom = {
      ...AUDIENCE,
      config: { 'included.custom.audience': 'api', 'access.token.claim': 'true' },
    };
    assert.deepEqual(makePlan(inScope(custom), GOAL).steps, []);
    const own = (mapper: object) => ({ ...GOOD, client: { ...GOOD.client, protocolMappers: [mapper] } });
    assert.deepEqual(changesOf(makePlan(own({ ...off, name: 'audience api' }), GOAL)), [
      'Mapper: audience api (not as needed) → audience api',
    ]);
    assert.deepEqual(changesOf(makePlan(own(off), GOAL)), ['Mapper:  → audience api']);
  });
});

test('URI patterns are read as Keycloak reads them', () => {
  const covers = (pattern: string, root?: string) => coversUri([pattern], root, 'http://localhost:8000/*');
  assert.equal(covers('*'), true);
  assert.equal(covers('http://localhost:8000/*'), true);
  assert.equal(covers('http://localhost:8000*'), true);
  assert.equal(covers('/*', 'http://localhost:8000/'), true);
  assert.equal(covers('/*', 'http://other'), false);
  assert.equal(covers('http://localhost:8000/callback'), false);
});

describe('the plan about a user', () => {
  const about = (user: object | null, current: Partial<CurrentState> = {}, goal: Partial<SetupGoal> = {}) =>
    planUser({ ...GOOD, user: user as never, userHasPassword: true, ...current }, { ...GOAL, ...goal });
  const ANNA = { id: 'u', username: 'anna', email: 'a@b.c', firstName: 'A', lastName: 'B', enabled: true };
  const actions = (part: ReturnType<typeof about>) => part.steps.map(({ action }) => action);
  const reset = { user: { ...(GOAL.user as UserGoal), resetPassword: true } };
  const without = { user: { ...(GOAL.user as UserGoal), password: undefined } };

  test('fills in what is empty, and replaces nothing', () => {
    assert.deepEqual(actions(about(ANNA)), []);
    assert.deepEqual(about(ANNA).kept, ['user anna']);
    assert.deepEqual(actions(about({ ...ANNA, email: undefined, lastName: '' })), [
      { type: 'update-user', patch: { email: 'anna@example.com', emailVerified: true, lastName: 'Example' } },
    ]);
    assert.deepEqual(actions(about({ ...ANNA, firstName: undefined })), [
      { type: 'update-user', patch: { firstName: 'Anna' } },
    ]);
    assert.deepEqual(about(null, {}, { user: undefined }), { steps: [], kept: [], blocked: [] });
    assert.deepEqual(
      actions(about(null)).map(({ type }) => type),
      ['create-user'],
    );
  });

  test('sets a password where there is none or one is to be set again', () => {
    const password = { type: 'set-password', password: 'a-password' };
    assert.deepEqual(actions(about(ANNA, { userHasPassword: false })), [password]);
    assert.deepEqual(actions(about(ANNA, {}, reset)), [password]);
    assert.deepEqual(about(ANNA, {}, reset).steps[0]?.changes, [
      { field: 'Password', from: 'as it was', to: 'set, not temporary' },
    ]);
    assert.deepEqual(about(ANNA, { userHasPassword: false }).steps[0]?.changes[0]?.from, 'none');
    assert.match(
      about(ANNA, {}, reset).steps[0]?.opens?.[0] ?? '',
      /^who knows the new password signs in as anna/,
    );
    assert.deepEqual(about(ANNA, { userHasPassword: false }, without).blocked, [
      {
        subject: 'user anna',
        why: 'the user has no password',
        fix: 'run setup with SETUP_PASSWORD set, or with --user-password-stdin',
      },
    ]);
    assert.deepEqual(about(ANNA, {}, without).blocked, []);
    const linked = { ...ANNA, federationLink: 'ldap' };
    assert.deepEqual(about(linked, { userHasPassword: false }, without).blocked, []);
  });

  test('takes away only the actions that it does itself', () => {
    const of = (requiredActions: string[], goal = {}) => about({ ...ANNA, requiredActions }, {}, goal);
    assert.deepEqual(actions(of(['UPDATE_PASSWORD', 'VERIFY_PROFILE'], reset))[0], {
      type: 'update-user',
      patch: { requiredActions: [] },
    });
    assert.match(of(['UPDATE_PASSWORD']).blocked[0]?.fix ?? '', /--reset-password and a new password/);
    assert.match(of(['CONFIGURE_TOTP']).blocked[0]?.fix ?? '', /Required user actions: remove it/);
    assert.deepEqual(of(['CONFIGURE_TOTP']).steps, []);
    assert.match(
      of(['CONFIGURE_TOTP']).blocked[0]?.why ?? '',
      /^the user has to do something first \(CONFIGURE_TOTP\)/,
    );
  });

  test('says what keeps the user out that it does not change', () => {
    const off = { ...ANNA, enabled: false };
    assert.match(about(off).blocked[0]?.why ?? '', /^the user is switched off/);
    assert.deepEqual(about(off, {}, { enable: true }).blocked, []);
    assert.deepEqual(about(off, {}, { enable: true }).steps[0]?.opens, ['anna can sign in again']);
    const verify = { realm: { verifyEmail: true } } as Partial<CurrentState>;
    assert.match(
      about({ ...ANNA, emailVerified: false }, verify).blocked[0]?.why ?? '',
      /wants verified addresses/,
    );
    assert.deepEqual(about({ ...ANNA, emailVerified: true }, verify).blocked, []);
    assert.deepEqual(
      about({ ...ANNA, emailVerified: false }, { realm: {} } as Partial<CurrentState>).blocked,
      [],
    );
    assert.deepEqual(about({ ...ANNA, email: '', emailVerified: false }, verify).blocked, []);
    const required = { requiredAttributes: ['username', 'email', 'firstName', 'lastName', 'team'] };
    assert.deepEqual(
      about(ANNA, required).blocked.map(({ why }) => why),
      ["the realm's user profile requires 'team', and users without it cannot log in with a password"],
    );
    assert.deepEqual(about({ ...ANNA, attributes: { team: ['x'] } }, required).blocked, []);
    assert.equal(about(null, required).blocked.length, 1);
  });
});
