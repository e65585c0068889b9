import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  BROWSER_LOGIN_CHECKS,
  SPA_CHECKS,
} from '../../packages/cli/src/doctor/checks/client/browser-login.ts';
import { GRANT_CHECKS } from '../../packages/cli/src/doctor/checks/client/settings.ts';
import { REALM_CHECKS, realmEnabled } from '../../packages/cli/src/doctor/checks/realm.ts';
import { answer, askDoctor, CALLER, page, refused, say, UNKNOWN_USER } from './support/ask-doctor.ts';

// What the doctor says of a realm and of what a client may do there, by Keycloak's answers.

const NO_REALM = answer(404, { error: 'Realm does not exist' });

test('a realm that is not there: one whose name is close is named', async () => {
  const of = (realm: string, there: string[], admin: object | null = null) =>
    askDoctor(REALM_CHECKS, 'realm.exists', {
      reach: {
        caller: { ...CALLER, realm },
        admin,
        realm: { server: async () => ({ answer: NO_REALM }) },
        calls: {
          get: async (url: string) => {
            const name = decodeURIComponent(url.slice(url.lastIndexOf('/') + 1));
            return there.includes(name) ? answer(200, { realm: name }) : NO_REALM;
          },
        },
      },
    });
  const none = await of('shop', []);
  assert.equal(none.cause, "Keycloak has no realm 'shop'");
  assert.deepEqual(none.setup, []);
  assert.match(none.fix, /^Correct KEYCLOAK_REALM/);
  for (const [realm, there] of [
    ['shop', 'Shop'],
    ['shop', 'SHOP'],
    ['SHOP', 'shop'],
    [' shop', 'shop'],
  ] as const) {
    const found = await of(realm, [there]);
    assert.match(found.cause, new RegExp(`but it has '${there}': each letter`));
    assert.deepEqual(
      found.setup,
      realm.startsWith(' ') ? undefined : [`--realm=${there}`, '--overwrite-env'],
    );
  }
  const near = await of('shpo', [], { realms: async () => ['master', 'shop'] });
  assert.match(near.cause, /but it has 'shop'/);
  assert.equal(near.fix, "KEYCLOAK_REALM=shop; or let keycloak-guard setup create 'shpo'");
  assert.equal(near.setup, undefined);
  const odd = await askDoctor(REALM_CHECKS, 'realm.exists', {
    reach: {
      realm: { server: async () => ({ answer: NO_REALM }) },
      calls: { get: async () => answer(200, { realm: 'other' }) },
    },
  });
  assert.deepEqual(odd.setup, []);
});

test('a realm that is off, or wants HTTPS, says so in its answers', async () => {
  const of = (id: string, realm: object) => say([...REALM_CHECKS, realmEnabled], id, { reach: { realm } });
  const on = {
    discovery: async () => answer(200, {}),
    bareToken: async () => refused('invalid_client', 'x'),
  };
  assert.equal(await of('realm.https', on), 'ok https is accepted');
  const https = refused('invalid_request', 'HTTPS required', 403);
  assert.match(
    await of('realm.https', { ...on, bareToken: async () => https }),
    /^fail the realm 'shop' accepts only HTTPS/,
  );
  assert.match(
    await of('realm.https', { ...on, discovery: async () => page(403, 'HTTPS required') }),
    /^fail/,
  );
  assert.equal(await of('realm.enabled', on), 'ok on');
  for (const words of ['Realm not enabled', 'realm is disabled', 'Realm disabled'])
    assert.match(
      await of('realm.enabled', { bareToken: async () => refused('access_denied', words, 403) }),
      /^fail the realm 'shop' is disabled/,
    );
  assert.match(await of('realm.enabled', { bareToken: async () => page(403, 'Realm not enabled') }), /^fail/);
});

test('the name by which Keycloak calls itself: a mistake where browsers cannot go there', async () => {
  const of = (
    issuer: string,
    { own = 'https://sso.shop.test/realms/shop', there = answer(0) as object, same = true } = {},
  ) =>
    say(REALM_CHECKS, 'issuer.hostname', {
      reach: {
        calls: { baseUrl: own },
        realm: {
          discovery: async () => answer(200, { issuer }),
          atIssuer: async () => there,
          hasSameKeysAtIssuer: async () => same,
        },
      },
    });
  assert.match(await of('https://sso.shop.test/realms/shop'), /^ok Keycloak names itself as it is called/);
  assert.match(
    await of('http://sso.shop.test/realms/shop'),
    /^warn Keycloak does not know that it is called over HTTPS/,
  );
  for (const inner of [
    'https://keycloak:8443/realms/shop',
    'https://keycloak.auth.svc/realms/shop',
    'https://keycloak.auth.svc.cluster.local/realms/shop',
  ])
    assert.match(await of(inner), /^warn Keycloak names itself .* that only its own network knows/, inner);
  const outer = { own: 'https://sso.example.com/realms/shop' };
  assert.match(await of('https://localhost:8443/realms/shop', outer), /^warn Keycloak names itself/);
  const inside = { own: 'http://keycloak:8080/realms/shop' };
  const outside = 'https://sso.example.com/realms/shop';
  const there = answer(200, { issuer: outside });
  assert.match(await of(outside, { ...inside, there }), /^ok .*its public name, and it answers there/);
  assert.match(
    await of(outside, { ...inside, there, same: false }),
    /^fail .*another Keycloak, with other keys/,
  );
  assert.match(
    await of('http://keycloak-2:8080/realms/shop', inside),
    /^ok .*which cannot be called from here/,
  );
  assert.match(
    await of('http://localhost:8080/realms/shop', inside),
    /^ok .*which cannot be called from here/,
  );
  assert.match(
    await of(outside, inside),
    /^warn .*pinned to https:\/\/sso\.example\.com, and there is no answer/,
  );
  assert.match(await of(outside, { ...inside, there: answer(404) }), /^warn .*something else \(HTTP 404\)/);
  assert.match(
    await of(outside, { ...inside, there: answer(200, { issuer: 'https://x.test' }) }),
    /^fail .*something else \(issuer https:\/\/x\.test\)/,
  );
});

test('the keys of the realm: what could verify a token counts', async () => {
  const of = (certs: object, others: unknown[] = []) =>
    say(REALM_CHECKS, 'keys.signing', {
      reach: { realm: { certs: async () => certs, certsOfOthers: async () => others } },
    });
  const keys = (...all: object[]) => answer(200, { keys: all });
  const rsa = { kid: 'a', kty: 'RSA', alg: 'RS256', use: 'sig' };
  assert.equal(await of(keys(rsa)), 'ok RS256');
  assert.equal(
    await of(keys({ kid: 'a', kty: 'EC' }, { ...rsa, use: 'enc' })),
    'ok EC, and keys for encryption (ignored)',
  );
  for (const alg of ['PS512', 'ES384', 'EdDSA', 'Ed25519'])
    assert.equal(await of(keys({ ...rsa, alg })), `ok ${alg}`);
  for (const alg of ['HS256', 'RSA-OAEP', 'XEdDSA'])
    assert.match(await of(keys({ ...rsa, alg })), /^fail the realm publishes no key/);
  assert.match(await of(keys()), /^fail/);
  assert.match(await of(keys({ ...rsa, use: 'enc' })), /^fail the realm publishes no key/);
  assert.match(await of(keys(rsa), [{}]), /^fail .*is several Keycloaks that do not share their keys/);
  assert.match(await of(answer(404, { error: 'x' })), /^fail the keys of the realm cannot be read$/);
  assert.match(await of(answer(200, {})), /^fail the keys of the realm cannot be read/);
  assert.match(
    await of({
      ...page(502, '<h1>Bad gateway</h1>'),
      headers: new Headers(),
      url: 'https://sso.shop.test/certs',
    }),
    /^fail the keys of the realm cannot be read: a proxy/,
  );
});

test('the password grant of an unknown user: what it is refused for is the finding', async () => {
  const of = (grant: object, admin: object | null = null, id = 'client.password-grant') =>
    askDoctor(GRANT_CHECKS, id, { reach: { admin, client: { passwordGrant: async () => grant } } });
  assert.equal((await of(answer(401, UNKNOWN_USER))).status, 'ok');
  const policy = refused('invalid_request', 'not allowed by policy', 400);
  assert.match((await of(policy)).cause, /^a client policy of the realm 'shop' forbids/);
  assert.doesNotMatch((await of(policy)).fix, /Enabled policies/);
  assert.match(
    (await of(policy, { policies: async () => ['fapi', 'own'] })).fix,
    /Enabled policies: fapi, own\.$/,
  );
  assert.match((await of(page(403, 'Invalid origin'))).cause, /adds an Origin header/);
  assert.match(
    (await of(answer(200, { access_token: 'x' }))).seen,
    /^a user who does not exist was logged in/,
  );
  assert.equal((await of(answer(500, { error: 'unknown_error' }))).status, 'fail');
  const login = {
    ...page(401, '<!DOCTYPE html><input type="password">'),
    headers: new Headers({ 'x-content-type-options': 'nosniff', 'content-type': 'text/html' }),
  };
  const plain = { ...login, text: ' <html><p>No entry</p>' };
  const flow = (isOverride: boolean) => ({
    flow: async () => ({ alias: 'own', isOverride }),
    policies: async () => [],
  });
  assert.match(
    (await of(login)).cause,
    /answers with a login page: a browser flow is bound where the direct grant flow belongs$/,
  );
  assert.match((await of(login)).fix, /Or, where the client has a flow of its own/);
  assert.match((await of(login, flow(true))).cause, /belongs \('own'\)$/);
  assert.match(
    (await of(login, flow(true))).fix,
    /^Clients > api > Advanced > Authentication flow overrides/,
  );
  assert.match(
    (await of(login, flow(false))).fix,
    /^Authentication > Flows > 'direct grant' > Action > Bind flow/,
  );
  assert.match(
    (await of(plain, flow(false))).cause,
    /answers with a page \('No entry'\) and not with JSON: the flow of the password grant \('own'\)/,
  );

  const off = refused('unauthorized_client', 'Client not allowed for direct access grants', 400);
  assert.match((await of(off, null, 'client.direct-grants')).cause, /^direct access grants are off/);
  assert.equal((await of(off)).seen, 'needs client.direct-grants');
  assert.match(
    (await of(refused('invalid_client', 'Client requires user consent', 400), null, 'client.consent')).cause,
    /asks users for consent/,
  );
  assert.match(
    (await of(refused('invalid_request', 'DPoP proof is missing', 400), null, 'client.dpop')).cause,
    /requires DPoP proofs/,
  );
  assert.match(
    await say(GRANT_CHECKS, 'client.direct-grants', {
      reach: { shape: async () => 'web', client: { passwordGrant: async () => off } },
    }),
    /^skipped this client takes no passwords/,
  );
  assert.match(
    await say(GRANT_CHECKS, 'client.direct-grants', {
      reach: { shape: async () => 'api', client: { passwordGrant: async () => off } },
    }),
    /^skipped nobody can log in at this client/,
  );
});

test('introspection and events: what the client may not do is told from what another check says', async () => {
  const asks = (introspection: object, grant: object = answer(401, UNKNOWN_USER)) =>
    say(GRANT_CHECKS, 'client.introspection', {
      reach: { client: { introspection: async () => introspection, passwordGrant: async () => grant } },
    });
  assert.equal(await asks(answer(200, { active: false })), 'ok the client may introspect');
  const no = refused('invalid_client', 'x');
  assert.match(await asks(no, no), /^skipped the same answer/);
  assert.match(
    await asks(refused('invalid_request', 'Authentication method not allowed')),
    /^fail a client policy of the realm 'shop' does not allow/,
  );
  assert.match(await asks(no), /^fail/);
  assert.match(await asks(answer(500, { active: false })), /^fail/);

  const kept = { adminEventsEnabled: true, eventsEnabled: true, adminEventsDetailsEnabled: true };
  const events = (config: object | number, { isKnown = true, token = true, on = true } = {}) =>
    askDoctor(GRANT_CHECKS, 'client.events', {
      reach: {
        config: { events: on },
        client: { clientCredentials: async () => answer(200, token ? { access_token: 'x' } : {}) },
        calls: {
          baseUrl: 'https://sso.shop.test/realms/shop',
          get: async (url: string) => {
            if (url === 'https://sso.shop.test/admin/realms/shop/events/config')
              return typeof config === 'number' ? answer(config, {}) : answer(200, config);
            return answer(isKnown ? 200 : 400, {});
          },
        },
      },
    });
  assert.equal((await events(kept)).status, 'ok');
  assert.equal((await events(kept, { on: false })).status, 'skipped');
  assert.match((await events(kept, { token: false })).cause, /gets no token: it is off/);
  assert.match((await events(403)).cause, /has not the role view-events/);
  assert.match((await events(404)).cause, /does not say which events/);
  assert.equal((await events({ ...kept, adminEventsEnabled: false })).seen, 'not kept: admin events');
  assert.equal((await events({ ...kept, eventsEnabled: false })).seen, 'not kept: user events');
  const lockout = 'USER_DISABLED_BY_PERMANENT_LOCKOUT';
  assert.equal(
    (await events({ ...kept, enabledEventTypes: ['LOGOUT', 'REVOKE_GRANT', lockout] })).seen,
    'not kept: DELETE_ACCOUNT',
  );
  const types = ['LOGOUT', 'REVOKE_GRANT', 'DELETE_ACCOUNT'];
  assert.equal((await events({ ...kept, enabledEventTypes: types })).seen, `not kept: ${lockout}`);
  assert.equal((await events({ ...kept, enabledEventTypes: types }, { isKnown: false })).status, 'ok');
  assert.equal((await events({ ...kept, enabledEventTypes: [] })).status, 'ok');
  assert.equal((await events({ ...kept, adminEventsDetailsEnabled: false })).status, 'warn');
});

test('of the error page of a browser login its sentence is shown, and nothing around it', async () => {
  const words = 'Testing We are sorry... Invalid parameter: redirect_uri Back to the application';
  const { seen } = await askDoctor(BROWSER_LOGIN_CHECKS, 'client.redirect-uri', {
    reach: {
      client: { authorization: async () => ({ answer: page(400, words), words, cameBack: false }) },
    },
  });
  assert.equal(seen, 'Invalid parameter: redirect_uri');
});

test('a browser login is refused for one reason at a time, and a page of a stranger is none of Keycloak', async () => {
  const of = (id: string, words: string, { cameBack = false, status = 400, more = {} } = {}) =>
    say(BROWSER_LOGIN_CHECKS, id, {
      reach: {
        client: {
          authorization: async () => ({ answer: { ...page(status, words), ...more }, words, cameBack }),
        },
      },
    });
  assert.match(
    await of('client.standard-flow', 'Standard flow is disabled'),
    /^fail the standard flow is off/,
  );
  assert.match(await of('client.standard-flow', 'login_required'), /^skipped needs client.browser-login/);
  assert.match(
    await of('client.redirect-uri', 'Invalid parameter: redirect_uri'),
    /^fail https:\/\/app\.shop\.test\/\S+ is not among/,
  );
  assert.match(
    await of('client.pkce', 'Invalid parameter: code_challenge_method'),
    /^fail the client wants another PKCE method/,
  );
  assert.match(
    await of('client.par', 'Pushed Authorization Request is only allowed'),
    /^fail the client requires pushed/,
  );
  for (const reason of ['login', 'interaction', 'consent', 'account_selection'])
    assert.equal(
      await of('client.browser-login', `${reason}_required`, { cameBack: true, status: 302 }),
      'ok Keycloak would show its login page',
    );
  assert.match(await of('client.browser-login', 'xlogin_required', { cameBack: true, status: 302 }), /^fail/);
  const asked = (words: string, status: number) =>
    askDoctor(BROWSER_LOGIN_CHECKS, 'client.browser-login', {
      reach: {
        client: { authorization: async () => ({ answer: page(status, words), words, cameBack: true }) },
      },
    });
  assert.match((await asked('Invalid Request', 400)).fix, /Request object required/);
  assert.match((await asked('Invalid Request', 401)).fix, /look for the setting that the words above name/);
  assert.match((await asked('Something', 400)).fix, /look for the setting/);
  assert.match((await asked('', 400)).cause, /this client: HTTP 400$/);
  assert.match(
    await say(BROWSER_LOGIN_CHECKS, 'client.pkce', { reach: { shape: async () => 'api' } }),
    /^skipped nobody can log in/,
  );

  const origin = (fromOrigin: object, grant: object = answer(401, UNKNOWN_USER)) =>
    say(BROWSER_LOGIN_CHECKS, 'client.web-origins', {
      reach: { client: { fromOrigin: async () => fromOrigin, passwordGrant: async () => grant } },
    });
  assert.match(
    await origin(page(403, '{"error":"Invalid origin"}', 'application/json')),
    /^warn https:\/\/app\.shop\.test is not among/,
  );
  assert.match(
    await origin(answer(403, { error: 'Invalid origin' }), answer(403, { error: 'Invalid origin' })),
    /^skipped another Origin/,
  );
  assert.match(await origin(answer(500, { error: 'x' })), /^skipped/);
  assert.match(await origin(answer(0)), /^skipped/);
  assert.match(await say(SPA_CHECKS, 'spa.client'), /^skipped no single-page app/);
});
