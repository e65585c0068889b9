import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { adviseOnAudience } from '../../packages/cli/src/doctor/checks/token-input/refusal.ts';
import type { Reach } from '../../packages/cli/src/doctor/context.ts';
import type { DevIdp, TokenRequest } from '../../packages/testing/src/index.ts';
import { startTestIdp } from '../support/dev-idp.ts';
import { settingsFor, troubles, visitDoctor } from './doctor-visit.ts';

describe('the doctor, given a token', () => {
  let idp: DevIdp;
  before(async () => {
    idp = await startTestIdp();
  });
  after(() => idp.close());

  async function examine(token: string, settings: Record<string, string> = {}) {
    return visitDoctor({ settings: { ...settingsFor(idp.url), ...settings }, token });
  }

  async function assertTrouble(token: string, id: string, cause: RegExp, fix: RegExp): Promise<void> {
    const [trouble] = troubles(await examine(token));
    assert.deepEqual([trouble?.id, trouble?.status], [id, 'fail']);
    assert.match(trouble?.cause ?? '', cause);
    assert.match(trouble?.fix ?? '', fix);
  }

  test('says what is in a good one, and that the service would accept it, without showing it', async () => {
    const token = await idp.issueToken();
    const results = await examine(token);
    assert.deepEqual(troubles(results), []);
    const seen = results.find(({ id }) => id === 'token.content')?.seen ?? '';
    assert.match(seen, /typ Bearer; alg RS256; iss .*\/realms\/testing; aud .*fastapi-keycloak/);
    assert.match(seen, /user abdullah/);
    assert.match(
      results.find(({ id }) => id === 'token.accepted')?.seen ?? '',
      /would accept it for abdullah/,
    );
    assert.ok(!JSON.stringify(results).includes(token.slice(-40)));
  });

  test('names the setting where the issuer is one that was set', async () => {
    const KEYCLOAK_ISSUER = 'https://sso.example.com/realms/testing';
    const results = await examine(await idp.issueToken(), { KEYCLOAK_ISSUER });
    const { cause = '' } = results.find(({ id }) => id === 'token.accepted') ?? {};
    assert.ok(
      cause.endsWith(`and KEYCLOAK_ISSUER is '${KEYCLOAK_ISSUER}': correct it, or leave it out`),
      cause,
    );
  });

  for (const [name, request, cause, fix] of [
    ['an ID token', { type: 'id' }, /not an access token \(typ 'ID'\)/, /access_token/],
    ['a refresh token', { type: 'refresh' }, /HS512/, /signature algorithm/],
    ['an expired one', { claims: { exp: 1_700_000_000 } }, /expired at 2023-11-14/, /Log in again/],
    ['one that is not valid yet', { claims: { nbf: 4_000_000_000 } }, /valid from 2096/, /NTP/],
    [
      'one of another client',
      { clientId: 'other-service' },
      /issued to 'other-service': not for this service .*only for users who have a role of it$/,
      /Audience/,
    ],
    [
      'one of another issuer',
      { claims: { iss: 'http://keycloak:8080/realms/testing' } },
      /from 'http:\/\/keycloak:8080/,
      /KC_HOSTNAME/,
    ],
    ['one signed by a key of somebody else', { key: 'unknown-kid' }, /has no key/, /Log in again/],
    ['one that was changed', { key: 'broken' }, /signature does not fit/, /Log in again/],
    ['one that is not signed', { key: 'none' }, /signed with 'none'/, /signature algorithm/],
    ['one that is bound to a key', { claims: { cnf: { jkt: 'abc' } } }, /bound to a key/, /DPoP/],
  ] as const satisfies readonly (readonly [string, TokenRequest, RegExp, RegExp])[]) {
    test(`tells ${name}`, async () => {
      await assertTrouble(await idp.issueToken(request), 'token.accepted', cause, fix);
    });
  }

  test('tells one whose session is over', async () => {
    const token = await idp.issueToken();
    await idp.logoutUser('abdullah');
    await assertTrouble(token, 'token.session', /session of the token is over/, /Log in again/);
  });

  test('tells one whose user was disabled', async () => {
    const token = await idp.issueToken();
    idp.disableUser('abdullah');
    await assertTrouble(token, 'token.session', /user of the token is disabled/, /Enabled ON/);
    idp.enableUser('abdullah');
  });

  test('tells one whose key was rotated away', async () => {
    const token = await idp.issueToken();
    await idp.rotateKeys({ keepOld: false });
    await assertTrouble(token, 'token.accepted', /rotated away/, /passive/);
  });

  test('tells what is no token at all', async () => {
    await assertTrouble('{"access_token":"x"}', 'token.content', /JSON object/, /'access_token' alone/);
    await assertTrouble('opaque-token', 'token.content', /not a JWT/, /whole/);
    await assertTrouble('a.b.c.d.e', 'token.content', /encrypted/, /encryption/);
    await assertTrouble('a.b.c a.b.c', 'token.content', /more than one token/, /on one line/);
    await assertTrouble('a.b.c', 'token.content', /not JSON/, /whole/);
  });
});

/** A realm as far as an admin sees it. */
function reachOf(scopes: readonly object[] | undefined, own: readonly string[] = []): Reach {
  const api = {
    clients: { find: async () => [{ clientId: 'front end', optionalClientScopes: own }] },
    clientScopes: { find: async () => scopes },
  };
  const caller = { serverUrl: 'https://sso.example', realm: 'shop', clientId: 'orders' };
  return { caller, admin: scopes && { connection: async () => ({ api }) } } as unknown as Reach;
}

test('a missing audience that an optional scope brings is a scope to ask for, not a mapper to add', async () => {
  const protocolMappers = [
    { protocolMapper: 'oidc-audience-mapper', config: { 'included.client.audience': 'orders' } },
  ];
  const scopes = [{ name: 'profile' }, { name: 'orders:read', protocolMappers }];
  const advise = (...args: Parameters<typeof reachOf>) => adviseOnAudience(reachOf(...args), 'front end');
  assert.equal(
    await advise(scopes, ['orders:read']),
    "Ask for scope=orders:read when the token is requested: it is Optional for 'front end', and brings 'orders'. Or make it Default.",
  );
  const add =
    /^Clients > front end > .* Audience = orders, .*\nOr: npx keycloak-guard setup audience 'front end' --url https:\/\/sso\.example --realm shop --client-id orders$/;
  assert.match(await advise(scopes, ['profile']), add);
  const alone = await adviseOnAudience({ ...reachOf(undefined), admin: null }, 'front end');
  const ask = "Ask for the scope of 'front end' that has an Audience mapper, if there is one. Otherwise: ";
  assert.ok(alone.startsWith(ask));
  assert.match(alone.slice(ask.length), add);
  assert.doesNotMatch(await adviseOnAudience(reachOf(scopes), 'front end', ['other']), /setup audience/);
});
