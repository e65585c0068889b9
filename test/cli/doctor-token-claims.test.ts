import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { USERINFO_CHECKS } from '../../packages/cli/src/doctor/checks/login/session.ts';
import { clockSkew, LOGIN_TOKEN_CHECKS } from '../../packages/cli/src/doctor/checks/login/token.ts';
import { SCOPE_CHECKS } from '../../packages/cli/src/doctor/checks/token/claims.ts';
import type { RealmRepresentation } from '../../packages/testing/src/index.ts';
import { startTestIdp } from '../support/dev-idp.ts';
import { settingsFor, troubles, visitDoctor } from './doctor-visit.ts';
import {
  aboutLogin,
  answer,
  FULL,
  LIGHT,
  loginWith,
  NOW,
  page,
  refused,
  say,
  tokenOf,
} from './support/ask-doctor.ts';

const REALM_FILE = new URL('../../packages/testing/testing-realm.json', import.meta.url);
const USER = { DOCTOR_USER: 'abdullah', DOCTOR_PASSWORD: 'Test#123456' };

/** What the doctor says of a realm that differs from the guide's. */
async function troublesWith(change: (realm: RealmRepresentation) => void, settings = {}) {
  const realm = JSON.parse(readFileSync(REALM_FILE, 'utf8')) as RealmRepresentation;
  change(realm);
  const idp = await startTestIdp({ realm });
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

test('an audience that the settings want and the token has not is a failure, with one fix wherever it is seen', async () => {
  const idp = await startTestIdp();
  const settings = { ...settingsFor(idp.url), KEYCLOAK_AUDIENCE: 'another-api' };
  const found = troubles(await visitDoctor({ settings, env: USER }));
  await idp.close();
  assert.deepEqual(
    found.map(({ id, status }) => `${id} ${status}`),
    ['mappers.audience fail', 'login.token fail'],
  );
  for (const { fix } of found)
    assert.match(
      fix,
      /Audience = another-api.*\(Included Custom Audience, where .*\)\. Or take KEYCLOAK_AUDIENCE out\.$/,
    );
  assert.equal(found[0]?.fix, found[1]?.fix);
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

const { ask, words } = aboutLogin([...USERINFO_CHECKS, ...LOGIN_TOKEN_CHECKS]);

test('the size and the lifespan of a token are judged at their bounds', async () => {
  const sized = (bytes: number) => {
    const claims = (text: string) => ({ iat: NOW, exp: NOW + 300, a: text, b: 'xx', c: 'x', d: '' });
    const lacks = bytes - tokenOf(claims('')).length;
    let text = 'x'.repeat(Math.floor((lacks * 3) / 4));
    while (tokenOf(claims(text)).length < bytes) text += 'x';
    return claims(text);
  };
  const size = (bytes: number) => ask('login.size', sized(bytes));
  assert.equal((await size(7_990)).status, 'ok');
  assert.match(
    (await size(8_000)).cause,
    /^the access token is 80\d\d bytes long: proxies take 8 KB.*Its largest claims: a \(\d+\), /,
  );
  assert.equal((await size(15_990)).status, 'warn');
  assert.match((await size(16_000)).cause, /Node \(this service\) takes 16 KB, proxies mostly 8 KB/);
  assert.match((await size(64_990)).cause, /Node \(this service\) takes 16 KB/);
  assert.match((await size(65_000)).cause, /Keycloak takes 64 KB/);
  const long = await ask('login.userinfo', FULL, { userinfo: answer(431) });
  assert.match(long.cause, /^something on the way takes shorter headers/);
  assert.match(
    (await ask('login.userinfo', FULL, { userinfo: page(400, 'Request Header Too Large') })).cause,
    /^something on the way takes shorter/,
  );
  assert.match(
    (
      await ask('login.userinfo', FULL, {
        userinfo: answer(401, undefined, { 'www-authenticate': 'Bearer realm="shop"' }),
      })
    ).cause,
    /^the token did not arrive/,
  );

  const lasts = (seconds: number, session?: number) =>
    words(
      'login.lifespan',
      { iat: NOW, exp: NOW + seconds },
      session === undefined ? {} : { login: answer(200, { refresh_expires_in: session }) },
    );
  assert.match(await lasts(59), /^warn access tokens live 59 s/);
  assert.equal(await lasts(60), 'ok 60 s');
  assert.equal(await lasts(86_400), 'ok 86400 s');
  assert.match(await lasts(90_000), /^warn access tokens live 25 hours/);
  assert.match(await lasts(300, 299), /^warn the session ends after 299 s/);
  for (const session of [0, 300, 1_800]) assert.equal(await lasts(300, session), 'ok 300 s');
  assert.match(await lasts(3_600, 599), /^warn the session ends/);
  assert.equal(await lasts(3_600, 600), 'ok 3600 s');
  assert.match(await words('login.lifespan', {}), /^fail the token does not say when it expires/);
});

test('the clocks agree within two seconds, and within the tolerance', async () => {
  const arrivedAt = NOW * 1000 + 500;
  const of = (ahead: number, tolerance = 0) =>
    say([clockSkew], 'clock.skew', {
      reach: {
        config: { clockToleranceSeconds: tolerance },
        login: loginWith(
          { iat: NOW + ahead, exp: NOW + ahead + 300 },
          { login: { ...answer(200), arrivedAt } },
        ),
      },
    });
  for (const ahead of [-2, 0, 2]) assert.equal(await of(ahead), 'ok the clocks agree');
  assert.match(await of(3), /^warn the clocks differ by more than the 0 s/);
  assert.match(await of(-3), /^warn/);
  assert.equal(await of(5, 5), "ok Keycloak's clock is 5 s ahead");
  assert.equal(await of(-5, 5), "ok Keycloak's clock is 5 s behind");
  assert.match(await of(-299), /^warn/);
  assert.match(await of(-300), /^fail the clocks differ so much/);
  assert.match(await of(-290, 10), /^fail/);
  assert.match(await of(300), /^warn/);
  const byAdmin = (issuedAt: number) =>
    say([clockSkew], 'clock.skew', {
      reach: {
        config: { clockToleranceSeconds: 0 },
        admin: { connection: async () => ({ issuedAt, receivedAt: arrivedAt }) },
        client: {
          clientCredentials: async () => ({
            ...answer(200, { access_token: tokenOf({ iat: NOW }) }),
            arrivedAt,
          }),
        },
      },
    });
  assert.match(await byAdmin(NOW + 60), /^warn/);
  assert.equal(await byAdmin(0), 'ok the clocks agree');
});

test('what lacks in a token is a scope that is not there, one that is Optional, or a user who has none', async () => {
  const of = (id: string, claims: object, reach: object = {}) =>
    say(SCOPE_CHECKS, id, {
      reach: {
        login: loginWith({ ...FULL, ...claims }),
        config: {},
        client: { scopes: async () => refused('invalid_scope', 'x', 400) },
        ...reach,
      },
    });
  const optional = { client: { scopes: async () => refused('invalid_grant', 'x') } };
  const silent = { client: { scopes: async () => answer(0, { error: 'invalid_grant' }) } };
  assert.match(await of('scopes.openid', { scope: undefined }), /^fail the token has no scope 'openid'/);
  assert.equal(await of('scopes.openid', {}), 'ok granted');
  assert.match(await of('scopes.basic', { sub: '' }), /^fail the token does not say who the user is/);
  const bare = { name: undefined, preferred_username: 'anna' };
  assert.match(
    await of('scopes.profile', bare),
    /^fail the user's name is not in the token: the client has no scope 'profile'$/,
  );
  assert.match(await of('scopes.profile', bare, optional), /has the scope 'profile' as Optional/);
  assert.match(await of('scopes.profile', bare, silent), /has no scope 'profile'$/);
  const granted = { ...bare, scope: 'openid profile email' };
  assert.match(await of('scopes.profile', granted), /^fail the scope 'profile' is granted, but name is not/);
  const person = (user: object) => ({ admin: { user: async () => user } });
  assert.match(
    await of('scopes.profile', granted, person({ username: 'anna' })),
    /^warn the user has neither first nor last name/,
  );
  for (const user of [{ firstName: 'A' }, { lastName: 'B' }])
    assert.match(await of('scopes.profile', granted, person(user)), /^fail/);
  assert.equal(
    await of('scopes.profile', { name: 'Anna' }),
    'ok preferred_username and name are in the token',
  );
  const noEmail = { email: undefined };
  assert.match(await of('scopes.email', noEmail), /^fail the user's email is not in the token/);
  assert.match(
    await of('scopes.email', { ...noEmail, scope: 'openid email' }),
    /^warn the scope 'email' is granted/,
  );
  assert.match(await of('scopes.email', LIGHT), /^ok/);

  const noRoles = { realm_access: undefined };
  assert.match(
    await of('scopes.roles', noRoles),
    /^warn no roles are in the token: the client has no scope 'roles' or its mappers/,
  );
  assert.match(
    await of('scopes.roles', { realm_access: { roles: 'user' } }),
    /^warn realm_access.roles is no list/,
  );
  assert.equal(
    await of('scopes.roles', { ...noRoles, resource_access: { api: {} } }),
    'ok 0 realm roles, roles of 1 clients',
  );
  const client = (one: object) => ({ admin: { client: async () => one } });
  const roles = { defaultClientScopes: ['roles'] };
  assert.match(
    await of('scopes.roles', noRoles, client({ ...roles, fullScopeAllowed: false })),
    /^warn the client has no full scope/,
  );
  assert.match(
    await of('scopes.roles', noRoles, client(roles)),
    /^warn no roles are in the token, though the client has the scope/,
  );
  assert.match(
    await of('scopes.roles', noRoles, client({ defaultClientScopes: [], fullScopeAllowed: false })),
    /the client has no scope 'roles'$/,
  );
  assert.match(
    await say(SCOPE_CHECKS, 'scopes.basic', { reach: { login: loginWith(LIGHT) } }),
    /^skipped the token is lightweight/,
  );
  assert.match(await say(SCOPE_CHECKS, 'scopes.basic'), /^skipped no token: give --user/);

  const audience = (aud: unknown, wanted?: string[], claims: object = FULL) =>
    say(SCOPE_CHECKS, 'mappers.audience', {
      reach: { config: { audience: wanted }, login: loginWith({ ...claims, aud }) },
    });
  assert.equal(await audience(['web', 'api']), 'ok aud: web, api');
  assert.match(await audience('web'), /^warn the client 'api' is not in the token's aud/);
  assert.equal(await audience(['api', 'x'], ['x', 'y']), 'ok aud: api, x');
  assert.match(await audience(['x'], ['x', 'y']), /^warn/);
  assert.match(await audience(['api'], ['x', 'y']), /^fail this service wants one of 'x', 'y'/);
  assert.match(await audience(undefined, undefined, LIGHT), /^skipped the token is lightweight/);
});
