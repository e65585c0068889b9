import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { tokenAccepted, tokenContent } from '../../packages/cli/src/doctor/checks/token-input/refusal.ts';
import { decodeJwt } from '../../packages/cli/src/doctor/evidence/token.ts';
import type { DevIdp, TokenRequest } from '../../packages/testing/src/index.ts';
import { createTestCertificate } from '../support/certificates.ts';
import { startTestIdp } from '../support/dev-idp.ts';
import { answer, askDoctor, CALLER, say, tokenOf } from './support/ask-doctor.ts';

const contentOf = (token: string) => say([tokenContent], 'token.content', { token });

test('what is in a token is told in full, and what it lacks by name', async () => {
  const full = {
    ...{ typ: 'Bearer', iss: 'https://sso.test/realms/a', aud: ['x', 'y'], azp: 'web', sub: 'u1' },
    ...{ preferred_username: 'anna', scope: 'openid email', groups: ['/a', '/b'] },
    realm_access: { roles: ['user', 'admin'] },
    resource_access: { orders: { roles: ['reader', 'writer'] }, stock: {} },
    ...{ iat: 1_700_000_000, exp: 1_700_000_300 },
  };
  assert.equal(
    await contentOf(tokenOf(full)),
    'ok typ Bearer; alg none; iss https://sso.test/realms/a; aud x, y; azp web; sub u1; user anna; scope openid email; roles user, admin; client roles orders: reader, writer, stock: ; groups /a, /b; issued 2023-11-14T22:13:20.000Z; expires 2023-11-14T22:18:20.000Z',
  );
  assert.equal(
    await contentOf(tokenOf({ iss: 'x', iat: 'soon', exp: 1e11 })),
    'ok typ none; alg none; iss x; aud none; azp none; sub none; user not named; scope none; roles none; client roles none; groups none; issued no time that can be read; expires no time that can be read',
  );
  assert.match(await contentOf(tokenOf({ exp: 99_999_999_999 })), /; expires 5138-/);
});

test('a text that is no token is told by its shape', async () => {
  for (const [text, words] of [
    ['a.b', /^fail this is not a JWT: it has 2 parts, not 3$/],
    ['a.b.c.d', /^fail this is not a JWT: it has 4 parts, not 3$/],
    ['a.b.c.d.e', /^fail the token is encrypted \(JWE\)/],
    ['{"a":1}', /^fail this is a JSON object/],
    ['{"a": 1}', /^fail there is white space in it/],
    ['a.b.c', /^fail this looks like a JWT, but its parts are not JSON/],
  ] as const)
    assert.match(await contentOf(text), words, text);
});

describe('a token that this service refuses', () => {
  let idp: DevIdp;
  before(async () => {
    idp = await startTestIdp();
  });
  after(() => idp.close());

  const ask = (
    token: string,
    { config = {}, ...more }: { config?: object; [part: string]: unknown } = {},
  ) => {
    const caller = { ...CALLER, serverUrl: idp.url, realm: 'testing', clientId: 'fastapi-keycloak' };
    return askDoctor([tokenAccepted], 'token.accepted', {
      token,
      ...more,
      reach: { caller, config: { timeoutMs: 1000, ...config }, ...(more.reach as object) },
    });
  };
  const issue = (request: TokenRequest = {}) => idp.issueToken({ session: false, ...request });

  test('is explained by what is wrong with it', async () => {
    for (const [request, seen, cause, fix] of [
      [{ claims: { typ: undefined } }, /^token_type/, /\(typ 'none'\)$/, /not the id_token/],
      [{ header: { crit: ['x'] } }, /^token_malformed/, /extension of JWS/, /^Send the access_token/],
      [
        { claims: { text: 'x'.repeat(70_000) } },
        /^token_malformed/,
        /longer than the 64 KB/,
        /^Make it smaller/,
      ],
      [
        { claims: { aud: undefined, azp: 'web' } },
        /^token_audience/,
        /^the token is for nobody and was issued to 'web': not for this service \('fastapi-keycloak'\)/,
        /Audience/,
      ],
      [{ claims: { nbf: 4e9 } }, /^token_not_yet_valid/, /valid from 2096-/, /NTP/],
      [
        { claims: { cnf: { jkt: 'abc' }, azp: undefined } },
        /^token_bound/,
        /bound to a key/,
        /^Clients > fastapi-keycloak > .*Require DPoP bound tokens OFF$/,
      ],
      [{ claims: { exp: 'soon' } }, /^token_claims/, /exp/, /^The words above/],
      // Without a name in it, Keycloak is asked.
      [{ claims: { preferred_username: undefined } }, /^token_revoked/, /session is over/, /^Log in again/],
    ] as const) {
      const found = await ask(await issue(request as TokenRequest));
      assert.equal(found.status, 'fail', cause.source);
      assert.match(found.seen, seen);
      assert.match(found.cause, cause);
      assert.match(found.fix, fix);
    }
  });

  test('names all audiences that the settings take', async () => {
    const token = await issue({ claims: { aud: 'x', azp: 'web' } });
    const { cause } = await ask(token, { config: { audience: ['orders', 'stock'] } });
    assert.match(cause, /^the token is for x and was issued to 'web': .*\('orders' or 'stock'\)/);
  });

  test('is one that it takes, whoever the bearer is; a client that nobody named is a warning', async () => {
    assert.match((await ask(await issue())).seen, /accept it for abdullah$/);
    const unnamed = await idp.issueToken({ claims: { preferred_username: undefined } });
    // Keycloak tells the name.
    assert.match((await ask(unnamed)).seen, /accept it for abdullah$/);
    const found = await ask(await issue(), { assumed: ['KEYCLOAK_CLIENT_ID'] });
    assert.equal(found.status, 'warn');
    assert.match(found.cause, /^nobody said for which API: .*'fastapi-keycloak' was taken/);
    assert.equal((await ask(await issue(), { assumed: ['KEYCLOAK_REALM'] })).status, 'ok');
  });

  test('by a key that the realm does not publish: the realm, the cluster, the key or its age says why', async () => {
    const { x509 } = createTestCertificate('realm.test');
    // Keycloak backdates it.
    const born = Date.parse(x509.validFrom) / 1000 + 100;
    const certified = { kid: 'new', x5c: [x509.raw.toString('base64')] };
    const token = await issue({ key: 'unknown-kid', claims: { iat: born } });
    const { header, claims } = decodeJwt(token) ?? assert.fail();
    const kid = String(header.kid);
    const younger = await issue({ key: 'unknown-kid', claims: { iat: born - 1 } });

    const why = async (
      given: string,
      { keys = [] as object[], others = [] as string[][], issuer = claims.iss, admin = null as unknown } = {},
    ) => {
      const realm = {
        discovery: async () => answer(200, { issuer }),
        certs: async () => answer(200, { keys }),
        certsOfOthers: async () => others,
      };
      const found = await ask(given, { reach: { realm, admin } });
      assert.equal(found.status, 'fail');
      return `${found.cause} / ${found.fix}`;
    };
    assert.match(
      await why(token, { issuer: 'https://sso.test/realms/b' }),
      /^the token is from '.*', and this realm issues as 'https:\/\/sso\.test\/realms\/b': it has no key '.*\/ Log in at the Keycloak/,
    );
    assert.match(
      await why(token, { others: [['x'], ['y', kid]] }),
      /^http.* is several Keycloaks .* \/ Let all Keycloaks behind http/,
    );
    const admin = { keys: async () => [{ kid: 'x' }, { kid }] };
    assert.match(await why(token, { admin }), /still in the realm 'testing', but it is disabled.*Enabled ON/);
    const mayNot = { keys: async () => Promise.reject(new Error('no')) };
    const any = /^the realm 'testing' has no key .* or the realm was created again/;
    assert.match(await why(token, { admin: mayNot }), any);
    assert.match(await why(token, { keys: [{ kid: 'no certificate' }, { x5c: ['AAAA'] }] }), any);
    // Made at the same second: it is no younger.
    assert.match(await why(token, { keys: [certified] }), /rotated away or disabled: .*has older keys/);
    assert.match(await why(younger, { keys: [certified] }), any);
    const anew = /was created again after the token was issued .* \/ Log in again.*database that stays/;
    assert.match(await why(younger, { keys: [certified, certified] }), anew);
    assert.match(await why(token, { keys: [certified, certified] }), /has older keys/);
  });
});
