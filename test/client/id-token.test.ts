import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AuthorizationError, ClientError, createClient } from '../../packages/guard/src/client/index.ts';
import { createIssuer, type Issuer } from '../../packages/guard/src/core/index.ts';

const ISSUER = 'https://sso.example.com/realms/testing';
const CALLBACK = 'https://app.example.com/callback';
const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A realm that issues an ID token as the test says. */
function realmOf(header: object, claims: object = {}, metadata: object = {}, issuer?: Issuer) {
  const seconds = Math.floor(Date.now() / 1000);
  const good = { iss: ISSUER, aud: 'my-app', sub: 'u1', nonce: 'a-nonce', iat: seconds, exp: seconds + 60 };
  const tokens = {
    access_token: 'an-access-token',
    token_type: 'Bearer',
    id_token: `${part(header)}.${part({ ...good, ...claims })}.c2ln`,
  };
  const fetch = async (url: unknown) =>
    Response.json(String(url).endsWith('/token') ? tokens : { issuer: ISSUER, ...metadata });
  const client = createClient({
    serverUrl: 'https://sso.example.com',
    realm: 'testing',
    clientId: 'my-app',
    issuer,
    fetch: fetch as typeof globalThis.fetch,
  });
  const login = (query = 'code=c&state=s') =>
    client.finishAuthorization({
      callbackUrl: `${CALLBACK}?${query}`,
      state: 's',
      nonce: 'a-nonce',
      codeVerifier: 'v'.repeat(43),
    });
  return { client, login };
}

describe('an ID token', () => {
  const metadata = { id_token_signing_alg_values_supported: ['RS256', 'ES256', 'EdDSA', 'HS256', 'none'] };

  for (const alg of ['RS256', 'ES256', 'EdDSA', 'HS256']) {
    it(`that is signed with ${alg}, as the realm says it may be, is taken`, async () => {
      const { client, login } = realmOf({ alg }, {}, metadata);
      assert.match((await login()).idToken ?? '', /^eyJ/);
      const password = await client.passwordGrant({ username: 'u', password: 'p' });
      assert.match(password.idToken ?? '', /^eyJ/);
    });
  }

  for (const [name, alg, more] of [
    ['none', 'none', metadata],
    ['an algorithm that the realm does not name', 'PS256', metadata],
    ['none, where the realm names no other', 'none', { id_token_signing_alg_values_supported: ['none'] }],
    ['another one than RS256, where the realm names none', 'ES256', {}],
    [
      'another one, where what it names is no list',
      'ES256',
      { id_token_signing_alg_values_supported: 'ES256' },
    ],
  ] as const) {
    it(`is refused with ${name}`, async () => {
      const { client, login } = realmOf({ alg }, {}, more);
      await assert.rejects(login(), ClientError);
      await assert.rejects(client.passwordGrant({ username: 'u', password: 'p' }), ClientError);
    });
  }

  for (const [name, claims] of [
    ['another nonce', { nonce: 'another' }],
    ['no nonce', { nonce: undefined }],
  ] as const) {
    it(`with ${name} is of another login`, async () => {
      await assert.rejects(realmOf({ alg: 'RS256' }, claims).login(), (error) => {
        assert.ok(error instanceof AuthorizationError);
        assert.equal(error.reason, 'invalid_response');
        return true;
      });
    });
  }

  for (const [name, claims, id] of [
    ['another issuer', { iss: 'https://evil.example.com' }, 'issuer-changed'],
    ['another audience', { aud: 'another' }, 'issuer-changed'],
    ['several audiences and another azp', { aud: ['my-app', 'x'], azp: 'x' }, 'issuer-changed'],
    ['no time of expiry', { exp: undefined }, 'not-keycloak'],
    ['an expiry in the past', { exp: 1 }, 'clock-skew'],
  ] as const) {
    it(`with ${name} is refused`, async () => {
      await assert.rejects(
        realmOf({ alg: 'RS256' }, claims).login(),
        (error) => error instanceof ClientError && error.diagnosis.id === id && error.answerStatus === 200,
      );
    });
  }

  it('that does not come names no code of the login', async () => {
    const fetch = async (url: unknown) =>
      String(url).endsWith('/token')
        ? Response.json(
            { error: 'invalid_grant', error_description: 'Code c-0-d-e, v-e-r not valid' },
            { status: 400 },
          )
        : Response.json({ issuer: ISSUER });
    const client = createClient({
      ...{ serverUrl: 'https://sso.example.com', realm: 'testing', clientId: 'my-app' },
      fetch: fetch as typeof globalThis.fetch,
    });
    const secrets = { state: 's', nonce: 'n', codeVerifier: 'v-e-r' };
    await assert.rejects(
      client.finishAuthorization({ ...secrets, callbackUrl: `${CALLBACK}?code=c-0-d-e&state=s` }),
      (error) => error instanceof ClientError && !/c-0-d-e|v-e-r/.test(JSON.stringify(error) + error.message),
    );
  });
});

describe('an issuer that changes', () => {
  it('is named, before and after, where an ID token is of the old one', async () => {
    const old = 'https://old.example.com/realms/testing';
    await assert.rejects(realmOf({ alg: 'RS256' }, { iss: old }).login(), (error) => {
      assert.ok(error instanceof ClientError);
      assert.deepEqual([error.diagnosis.id, error.kind], ['issuer-changed', 'provider_unavailable']);
      assert.ok(error.message.includes(old) && error.message.includes(ISSUER), error.message);
      return true;
    });
  });

  it('is a mistake of the set-up where one is set that Keycloak, called from here, never issues by', async () => {
    const serverUrl = 'https://sso.example.com';
    const set = 'https://public.example.com/realms/testing';
    const fetch = async () => Response.json({ issuer: ISSUER });
    const issuer = createIssuer({ serverUrl, realm: 'testing', issuer: set, fetch });
    await assert.rejects(realmOf({ alg: 'RS256' }, {}, {}, issuer).login(), (error) => {
      assert.ok(error instanceof ClientError);
      assert.deepEqual([error.diagnosis.id, error.kind], ['issuer-changed', 'client_misconfigured']);
      assert.match(error.message, /https:\/\/public\.example\.com\/realms\/testing is set as the issuer/);
      assert.match(error.diagnosis.fix, /the option issuer .*KC_HOSTNAME/);
      return true;
    });
  });

  it('is named with the one that is set, where they differ', async () => {
    const issuer = createIssuer({
      ...{ serverUrl: 'https://sso.example.com', realm: 'testing', issuer: `${ISSUER}-old` },
      fetch: async () => Response.json({ issuer: ISSUER }),
    });
    const client = createClient({
      ...{ serverUrl: 'https://sso.example.com', realm: 'testing' },
      clientId: 'a',
      issuer,
    });
    await assert.rejects(client.passwordGrant({ username: 'u', password: 'p' }), (error) => {
      assert.ok(error instanceof ClientError);
      const { id, cause, fix } = error.diagnosis;
      assert.deepEqual([id, error.kind], ['other-issuer', 'client_misconfigured']);
      assert.equal(cause, `Keycloak's issuer is ${ISSUER}, and ${ISSUER}-old is set`);
      assert.match(fix, /the option issuer/);
      return true;
    });
  });
});

it('an issuer that is set, and changes after it was found, is named beside the one that Keycloak has now', async () => {
  let now = ISSUER;
  const seconds = Math.floor(Date.now() / 1000);
  const fetch = (async (url: unknown) => {
    if (!String(url).endsWith('/token')) return Response.json({ issuer: now });
    now = `${ISSUER}-new`;
    const claims = { iss: now, aud: 'a', sub: 'u1', iat: seconds, exp: seconds + 60 };
    const idToken = `${part({ alg: 'RS256' })}.${part(claims)}.c2ln`;
    return Response.json({ access_token: 'x', token_type: 'Bearer', id_token: idToken });
  }) as typeof globalThis.fetch;
  const where = { serverUrl: 'https://sso.example.com', realm: 'testing', fetch };
  const client = createClient({
    ...where,
    clientId: 'a',
    issuer: createIssuer({ ...where, issuer: ISSUER }),
  });
  await assert.rejects(client.passwordGrant({ username: 'u', password: 'p' }), (error) => {
    assert.ok(error instanceof ClientError);
    assert.deepEqual([error.diagnosis.id, error.answerStatus], ['other-issuer', 200]);
    assert.equal(error.diagnosis.cause, `Keycloak's issuer is ${ISSUER}-new, and ${ISSUER} is set`);
    return true;
  });
});

describe('a login that has to be fresh', () => {
  /** Unit: seconds. */
  const ago = (seconds: number) => Math.floor(Date.now() / 1000) - seconds;

  /** Asks for a login that is no older than a minute; the person takes `max_age` out of the URL. */
  async function logIn(claims: object) {
    const { client } = realmOf({ alg: 'RS256' }, claims);
    const parameters = { max_age: '60' };
    const { url, ...secrets } = await client.startAuthorization({ redirectUri: CALLBACK, parameters });
    assert.equal(new URL(url).searchParams.get('max_age'), '60');
    const callbackUrl = `${CALLBACK}?code=c&state=${secrets.state}`;
    return client.finishAuthorization({ ...secrets, nonce: 'a-nonce', callbackUrl });
  }

  it('is taken where the person has just signed in', async () => {
    assert.ok((await logIn({ auth_time: ago(30) })).idToken);
  });

  it('is refused where the person signed in before, whatever became of the parameter on the way', async () => {
    await assert.rejects(
      logIn({ auth_time: ago(3_600) }),
      (error) => error instanceof AuthorizationError && error.reason === 'invalid_response',
    );
  });

  for (const auth_time of [undefined, null, '1', {}]) {
    it(`is refused where the time of the login is ${JSON.stringify(auth_time)}`, async () => {
      await assert.rejects(logIn({ auth_time }));
    });
  }

  it('cannot be asked for with what is no number of seconds', async () => {
    const { client } = realmOf({ alg: 'RS256' });
    for (const max_age of ['', 'soon', '-1', '1.5', ' 1', '1e3']) {
      const parameters = { max_age };
      await assert.rejects(client.startAuthorization({ redirectUri: CALLBACK, parameters }), TypeError);
    }
  });
});

describe('a response to a login', () => {
  const metadata = { authorization_response_iss_parameter_supported: true };
  const iss = `iss=${encodeURIComponent(ISSUER)}`;
  for (const [name, query] of [
    ['without state', `code=c&${iss}`],
    ['with another state', `code=c&state=x&${iss}`],
    ['with a state twice', `code=c&state=s&state=s&${iss}`],
    ['with a code twice', `code=c&code=d&state=s&${iss}`],
    ['without iss, where the realm says that it is there', 'code=c&state=s'],
    ['of another issuer', 'code=c&state=s&iss=https%3A%2F%2Fevil.example.com'],
    ['with iss twice', `code=c&state=s&${iss}&${iss}`],
    ['with a token in it', `code=c&state=s&${iss}&id_token=x`],
    ['that is a JWT (JARM)', 'response=eyJ.eyJ.sig'],
    ['without a code', `state=s&${iss}`],
  ] as const) {
    it(`${name} is refused`, async () => {
      await assert.rejects(realmOf({ alg: 'RS256' }, {}, metadata).login(query), (error) => {
        assert.ok(error instanceof AuthorizationError, String(error));
        assert.equal(error.reason, 'invalid_response');
        return true;
      });
    });
  }
});
