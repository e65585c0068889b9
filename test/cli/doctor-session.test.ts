import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { SESSION_CHECKS, USERINFO_CHECKS } from '../../packages/cli/src/doctor/checks/login/session.ts';
import { tokenSession } from '../../packages/cli/src/doctor/checks/token-input/session.ts';
import {
  aboutLogin,
  answer,
  askDoctor,
  FULL,
  LIGHT,
  loginWith,
  NOW,
  page,
  refused,
  STALE,
  stale,
  tokenOf,
} from './support/ask-doctor.ts';

// What the doctor says of a login's session, by Keycloak's answers.

const { ask, words } = aboutLogin([...USERINFO_CHECKS, ...SESSION_CHECKS]);

test('userinfo: a status 200 is good as JSON of the same user', async () => {
  const of = (userinfo: object) => words('login.userinfo', FULL, { userinfo });
  assert.equal(await of(answer(200, { sub: 'u', name: 'Anna' })), 'ok 2 claims');
  assert.match(await of(answer(200, { sub: 'other' })), /^warn userinfo has another sub/);
  assert.match(
    await of(page(200, 'a.b.c', 'application/jwt')),
    /^warn userinfo answers are signed, not JSON/,
  );
  assert.match(await of(page(200, 'a.b.c.d.e', 'application/jwt')), /^warn userinfo answers are encrypted/);
  assert.match(await of(page(200, 'x', 'text/plain')), /^warn userinfo answers are of type text\/plain/);
  assert.match(await of(page(200, 'x', '')), /of type unknown/);
  assert.match(await of(stale('Lightweight access token not allowed')), /^warn userinfo refuses lightweight/);
  assert.match(
    await of(answer(403, undefined, { 'www-authenticate': 'Bearer error="insufficient_scope"' })),
    /^fail the token has no scope 'openid'/,
  );
  const noSub = { ...FULL, sub: undefined };
  assert.match(await words('login.userinfo', noSub, { userinfo: answer(200, { sub: 'u' }) }), /^ok 1 claims/);
});

test('a fresh token that is refused: a not-before, a broken encryption, a claim that a mapper wrote over, or all that it may be', async () => {
  const of = (userinfo: object, claims: object = FULL, more: object = {}) =>
    words('login.userinfo', claims, { userinfo }, more);
  const announced = (at: number) => ({
    client: { clientCredentials: async () => answer(200, { 'not-before-policy': at }) },
  });
  assert.match(
    await of(STALE, FULL, announced(NOW + 60)),
    /^fail tokens are revoked until .* \(not-before of the realm, of the client or of the user\)/,
  );
  assert.match(await of(STALE, FULL, announced(NOW)), /^fail userinfo does not verify a token/);
  const at = (realm?: number, client?: number, user?: number) => {
    const see = (notBefore: number | undefined) => async () => ({ notBefore });
    return { admin: { realm: see(realm), client: see(client), user: see(user) } };
  };
  assert.match(await of(STALE, FULL, at(NOW + 60, NOW + 10)), /\(not-before of the realm\)/);
  assert.match(await of(STALE, FULL, at(NOW + 10, NOW + 60)), /\(not-before of the client\)/);
  assert.match(await of(STALE, FULL, at(0, NOW + 10, NOW + 60)), /\(not-before of the user\)/);
  assert.match(
    await of(STALE, FULL, { ...at(NOW + 60), ...announced(NOW + 60) }),
    /\(not-before of the realm\)/,
  );
  assert.match(
    await of(STALE, FULL, { ...at(NOW + 60), ...announced(NOW + 61) }),
    /of the realm, of the client or/,
  );
  assert.match(await of(STALE, FULL, at()), /^fail userinfo does not verify/);

  const broken = answer(500, { error: 'unknown_error' });
  assert.match(await of(broken), /^fail Keycloak failed while answering userinfo/);
  const encrypts = {
    admin: {
      client: async () => ({ attributes: { 'user.info.encrypted.response.alg': 'RSA-OAEP' } }),
      realm: async () => ({}),
      user: async () => ({}),
    },
  };
  assert.match(
    await of(broken, FULL, encrypts),
    /^fail the client wants encrypted userinfo answers \('RSA-OAEP'\)/,
  );
  assert.match(
    await of(answer(499, { error: 'x' })),
    /^fail userinfo refuses a token that was issued a moment ago/,
  );

  const odd = async (more: object) => {
    const found = await ask('login.userinfo', { ...FULL, ...more }, { userinfo: STALE });
    return /reads itself: (.*)$/.exec(found.cause)?.[1];
  };
  assert.equal(await odd({}), undefined);
  assert.equal(await odd({ azp: 'web' }), "azp ('web', and not the client)");
  const fitting = [
    { nbf: 1, auth_time: 1, jti: 'j', iss: 'i', typ: 'Bearer', sid: 's', 'allowed-origins': ['x'] },
    { aud: ['a', 'b'], resource_access: { api: { roles: ['x'] }, web: {} } },
    { realm_access: {} },
  ];
  for (const one of fitting) assert.equal(await odd(one), undefined, JSON.stringify(one));
  const unfitting = {
    ...{
      exp: 'x',
      auth_time: '1',
      nbf: 'x',
      jti: 1,
      iss: 1,
      sub: 1,
      typ: 1,
      azp: 1,
      sid: 1,
      acr: 1,
      scope: 1,
      aud: 1,
    },
    ...{ 'allowed-origins': [1], realm_access: { roles: 'x' }, resource_access: [] },
  };
  for (const [name, value] of Object.entries(unfitting))
    assert.equal(await odd({ [name]: value }), `${name} (of another type than Keycloak's own)`);
  for (const value of [
    { aud: [1] },
    { realm_access: [] },
    { realm_access: { roles: [1] } },
    { resource_access: { api: { roles: 'x' } } },
  ])
    assert.match((await odd(value)) ?? '', /of another type/, JSON.stringify(value));
  const found = await ask('login.userinfo', { ...FULL, jti: 1, sid: 1 }, { userinfo: STALE });
  assert.match(found.fix, /take out the mapper of jti, sid, or give/);
  assert.match((await ask('login.userinfo', FULL, { userinfo: STALE })).fix, /With KEYCLOAK_ADMIN_USER/);
  assert.doesNotMatch(
    (await ask('login.userinfo', FULL, { userinfo: STALE }, at())).fix,
    /With KEYCLOAK_ADMIN_USER/,
  );
});

test('introspection: inactive is a warning where userinfo takes the token', async () => {
  const inactive = { introspection: answer(200, { active: false }) };
  assert.equal(await words('login.introspection', FULL), 'ok active');
  const other = { ...FULL, aud: 'web' };
  assert.match(
    await words('login.introspection', other, inactive),
    /^warn the client 'api' is not in the token's aud/,
  );
  assert.match(
    await words('login.introspection', FULL, { ...inactive, userinfo: STALE }),
    /^fail introspection refuses a token/,
  );
  assert.match(
    await words('login.introspection', { ...LIGHT }, { ...inactive, userinfo: STALE }),
    /^skipped active: false, as login.lightweight/,
  );
  assert.match(
    await words('login.introspection', { ...LIGHT, aud: 'web' }, { ...inactive, userinfo: STALE }),
    /^fail/,
  );
  assert.match(
    await words('login.introspection', { ...LIGHT }, { ...inactive, userinfo: answer(403, {}) }),
    /^fail introspection refuses/,
  );
  assert.match(
    await words('login.introspection', FULL, { introspection: refused('invalid_client', 'x') }),
    /^fail/,
  );
  assert.match(
    await words('login.introspection', FULL, { introspection: answer(500, { active: false }) }),
    /^fail https:\/\/sso\.shop\.test\/ answered HTTP 500/,
  );
});

test('a lightweight token is a warning where introspection fills it, and else a failure', async () => {
  const inactive = { introspection: answer(200, { active: false }) };
  assert.equal(await words('login.lightweight', FULL), 'ok the token holds its claims');
  assert.match(
    await words('login.lightweight', LIGHT),
    /^warn .*each new token costs this service an introspection/,
  );
  assert.match(
    await words('login.lightweight', LIGHT, inactive),
    /^fail .*no audience mapper names the client 'api'/,
  );
  const later = { client: { clientCredentials: async () => answer(200, { 'not-before-policy': NOW + 1 }) } };
  assert.match(await words('login.lightweight', LIGHT, inactive, later), /^warn .*the checks below say why/);
  const same = { client: { clientCredentials: async () => answer(200, { 'not-before-policy': NOW }) } };
  assert.match(await words('login.lightweight', LIGHT, inactive, same), /^fail/);
});

test('refresh and logout: what the token endpoint answers is said', async () => {
  assert.equal(await words('login.refresh', FULL), 'ok a new token was issued');
  assert.match(
    await words('login.refresh', FULL, { login: answer(200, {}) }),
    /^warn the client gets no refresh tokens/,
  );
  assert.match(
    await words('login.refresh', FULL, { refresh: refused('invalid_grant', 'Token is not active', 400) }),
    /^fail the refresh token is expired/,
  );
  assert.match(
    await words('login.refresh', FULL, { refresh: refused('invalid_grant', 'Stale token', 400) }),
    /^fail the token endpoint refuses a token/,
  );
  assert.match(
    await words('login.refresh', FULL, { refresh: refused('x', 'y', 400) }),
    /^fail the refresh token is refused \(x: y\)/,
  );

  assert.equal(await words('login.logout', FULL), 'ok 204, and userinfo refuses the old token');
  assert.match(
    await words('login.logout', FULL, { login: answer(200, {}) }),
    /^skipped there is no refresh token/,
  );
  assert.match(
    await words('login.logout', FULL, { logout: refused('x', 'y', 400) }),
    /^fail the session could not be ended/,
  );
  assert.equal(await words('login.logout', FULL, { userinfo: STALE }), 'ok 204');
  assert.match(
    await words('login.logout', FULL, { userinfoAfterLogout: answer(200, {}) }),
    /^fail the session is still good/,
  );
  assert.match(
    await words('login.logout', FULL, { userinfoAfterLogout: answer(503, { error: 'x' }) }),
    /^ok 204; userinfo then answered HTTP 503/,
  );
  const slow = (logout: number, userinfo: number) =>
    ask('login.logout', FULL, {
      logout: { ...answer(204), tookMs: logout },
      userinfo: { ...answer(200, { sub: 'u' }), tookMs: userinfo },
    });
  assert.equal((await slow(2_500, 10)).status, 'warn');
  assert.equal((await slow(2_500, 10)).seen, '204 after 2.5 s');
  for (const [logout, userinfo] of [
    [2_000, 10],
    [4_000, 1_000],
    [3_000, 900],
  ] as const)
    assert.equal((await slow(logout, userinfo)).status, 'ok', `${logout} ${userinfo}`);
});

test('a refresh, which may end the first token, waits for what needs that one', async () => {
  const order: string[] = [];
  const note = (name: string, isSlow: boolean) => async () => {
    if (isSlow) await setImmediate();
    order.push(name);
    return answer(200, { active: true, access_token: 'x' });
  };
  const own = { userinfo: note('userinfo', true), introspection: note('introspection', true) };
  const login = { ...loginWith(FULL), ...own, refresh: note('refresh', false) };
  assert.equal((await ask('login.refresh', FULL, {}, { login })).status, 'ok');
  assert.deepEqual(order, ['userinfo', 'introspection', 'refresh']);
});

test('a token whose session is over: why, as far as somebody sees it', async () => {
  const claims = { ...FULL, sub: 'u', preferred_username: 'anna' };
  const of = async (
    userinfo: object,
    reach: object = {},
    token: object = claims,
    introspection: object = answer(200, { active: false }),
  ) => {
    const found = await askDoctor([tokenSession], 'token.session', {
      token: tokenOf(token),
      reach: {
        config: {},
        client: { clientCredentials: async () => answer(401) },
        ...reach,
        calls: { introspect: async () => introspection, userinfo: async () => userinfo },
      },
    });
    return `${found.status} ${found.cause || found.seen} → ${found.fix}`;
  };
  assert.match(
    await of(answer(200, {}), {}, claims, answer(200, { active: true })),
    /^ok introspection says active/,
  );
  assert.match(
    await of(answer(200, {})),
    /^warn introspection of the token by 'api' says inactive: .* in its aud \(api\)/,
  );
  assert.match(await of(answer(200, {}), {}, { ...claims, aud: undefined }), /in its aud \(none\)/);
  assert.match(await of(answer(200, {}), {}, claims, refused('invalid_client', 'x')), /^fail/);
  const noOpenid = answer(403, undefined, { 'www-authenticate': 'Bearer error="insufficient_scope"' });
  const stranger = { ...claims, aud: 'web' };
  assert.match(await of(noOpenid, {}, stranger), /^warn .*So a logout, a disabled user/);
  assert.match(
    await of(noOpenid, { config: { tokenCheck: 'remote' } }, stranger),
    /^fail .*With TOKEN_CHECK=remote it is refused/,
  );
  assert.match(await of(noOpenid), /^fail Keycloak no longer accepts the token: its session is over/);
  assert.match(await of(stale('Lightweight access token')), /^fail the token is lightweight/);

  const gone = stale('Session not active');
  const admin = (api: object) => ({
    admin: {
      connection: async () => ({ api: { users: api } }),
      realm: async () => ({}),
      client: async () => ({}),
      user: async () => ({}),
    },
  });
  assert.match(
    await of(gone),
    /^fail the session of the token is over .*, its user was deleted, or the realm/,
  );
  assert.match(
    await of(gone, admin({ findOne: async () => ({}) })),
    /^fail the session of the token is over \(logout, an admin, an idle session\) →/,
  );
  assert.match(
    await of(
      gone,
      // A user whose name only begins like that is another person.
      admin({
        findOne: async () => null,
        find: async ({ exact }: { exact?: boolean }) => (exact ? [] : [{ username: 'annabel' }]),
      }),
    ),
    /^fail the user of the token was deleted/,
  );
  assert.match(
    await of(gone, admin({ findOne: async () => null, find: async () => [{}] })),
    /^fail the realm 'shop' was created again/,
  );
  for (const lacks of [
    { ...claims, sub: undefined },
    { ...claims, preferred_username: undefined },
  ])
    assert.match(
      await of(gone, admin({ findOne: async () => ({}) }), lacks),
      /, its user was deleted, or the realm/,
    );
  assert.match(
    await of(gone, { login: loginWith({ preferred_username: 'anna', sub: 'u' }) }),
    /idle session\) →/,
  );
  assert.match(
    await of(gone, { login: loginWith({ preferred_username: 'anna', sub: 'v' }) }),
    /^fail the realm 'shop' was created again/,
  );
  assert.match(
    await of(gone, { login: loginWith({ preferred_username: 'bob', sub: 'v' }) }),
    /, its user was deleted, or/,
  );
  assert.match(
    await of(gone, { login: loginWith({ preferred_username: 'anna' }) }),
    /, its user was deleted, or/,
  );

  assert.match(await of(stale('User disabled')), /^fail the user of the token is disabled/);
  assert.match(
    await of(stale('Client disabled')),
    /^fail the client of the token is disabled → Clients > api > Enabled ON/,
  );
  assert.match(
    await of(stale('Client disabled'), {}, { ...claims, azp: undefined }),
    /Clients > the client > Enabled ON/,
  );
  const from = (at: number) => ({
    client: { clientCredentials: async () => answer(200, { 'not-before-policy': at }) },
  });
  assert.match(
    await of(STALE, from(NOW + 600)),
    /^fail the token is from before the not-before .* → It is in the future/,
  );
  assert.match(
    await of(STALE, from(NOW - 10), { ...claims, iat: NOW - 20 }),
    /^fail the token is from before .* → Log in again\.$/,
  );
  assert.match(
    await of(STALE, from(NOW)),
    /^fail Keycloak no longer accepts the token, though its session is not over/,
  );
  assert.match(await of(STALE, admin({})), /^fail the token was revoked \(POST \/revoke\)/);
  assert.match(await of(STALE, { login: loginWith(claims) }), /^fail the token was revoked/);
  assert.match(
    await of(stale('Something else')),
    /^fail Keycloak no longer accepts the token: its session is over/,
  );
});
