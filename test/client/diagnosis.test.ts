import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toAuthError } from '../../packages/guard/src/client/errors.ts';
import { ClientError, diagnoseTokenError, type TokenAnswer } from '../../packages/guard/src/client/index.ts';
import type { AuthError } from '../../packages/guard/src/core/index.ts';

const json = (status: number, error: string, description?: string): TokenAnswer => ({
  status,
  error,
  description,
  isJson: true,
});

const CASES: [TokenAnswer, string, string][] = [
  // A wrong password is 401 up to Keycloak 26.4, 400 from 26.6.
  [json(400, 'invalid_grant', 'Invalid user credentials'), 'wrong-password', 'invalid_credentials'],
  [json(401, 'invalid_grant', 'Invalid user credentials'), 'wrong-password', 'invalid_credentials'],
  [json(400, 'invalid_grant', 'Code not valid'), 'code-not-valid', 'invalid_credentials'],
  [
    json(400, 'invalid_grant', 'PKCE verification failed: Code mismatch'),
    'code-not-valid',
    'invalid_credentials',
  ],
  [json(400, 'invalid_grant', 'Incorrect redirect_uri'), 'code-not-valid', 'invalid_credentials'],
  [json(400, 'invalid_grant', 'A text of a later version'), 'wrong-password', 'invalid_credentials'],
  [json(400, 'invalid_grant', 'Account is not fully set up'), 'account-not-ready', 'account_not_ready'],
  [json(400, 'invalid_grant', 'Account disabled'), 'account-disabled', 'account_disabled'],
  [
    json(401, 'unauthorized_client', 'Invalid client or Invalid client credentials'),
    'wrong-secret',
    'client_misconfigured',
  ],
  [
    json(401, 'invalid_client', 'Invalid client or Invalid client credentials'),
    'wrong-client-id',
    'client_misconfigured',
  ],
  [
    json(400, 'unauthorized_client', 'Client not allowed for direct access grants'),
    'direct-grants-off',
    'client_misconfigured',
  ],
  [
    json(401, 'unauthorized_client', 'Client not enabled to retrieve service account'),
    'grant-not-allowed',
    'client_misconfigured',
  ],
  [
    json(400, 'invalid_client', 'Parameter client_assertion_type is missing'),
    'secret-with-jwt-client',
    'client_misconfigured',
  ],
  [json(400, 'invalid_client', 'Client requires user consent'), 'consent-required', 'client_misconfigured'],
  [json(400, 'invalid_client', 'Unable to load public key'), 'assertion-key', 'client_misconfigured'],
  [json(400, 'invalid_request', 'DPoP proof is missing'), 'dpop-client-no-proof', 'client_misconfigured'],
  [json(400, 'invalid_scope', 'Invalid scopes: openid nonsense'), 'invalid-scope', 'client_misconfigured'],
  [json(403, 'invalid_request', 'HTTPS required'), 'ssl-required', 'client_misconfigured'],
  [json(403, 'access_denied', 'Realm not enabled'), 'realm-disabled', 'client_misconfigured'],
  [
    json(400, 'access_denied', 'The end user denied the request'),
    'device-not-signed-in',
    'invalid_credentials',
  ],
  [json(400, 'expired_token', 'Device code is expired'), 'device-not-signed-in', 'invalid_credentials'],
  [json(401, 'invalid_request', 'Missing parameter: username'), 'refused', 'client_misconfigured'],
  [json(400, 'an_error_of_tomorrow'), 'refused', 'client_misconfigured'],
  [json(404, 'Realm does not exist'), 'wrong-realm', 'client_misconfigured'],
  [json(404, 'Unable to find matching target resource method'), 'auth-prefix-extra', 'client_misconfigured'],
  [{ status: 404, isJson: false }, 'auth-prefix-missing', 'client_misconfigured'],
  [{ status: 403, error: 'Invalid origin', isJson: false }, 'invalid-origin', 'client_misconfigured'],
  [{ status: 302, location: 'https://sso.example.com' }, 'redirected', 'client_misconfigured'],
  [{ status: 403, isJson: false }, 'refused', 'client_misconfigured'],
  // The status decides only where it says that the server itself is not well.
  [json(500, 'invalid_client'), 'provider-error', 'provider_unavailable'],
  [json(400, 'unknown_error'), 'provider-error', 'provider_unavailable'],
  [{ status: 429 }, 'provider-error', 'provider_unavailable'],
  [{ status: 200, isJson: false }, 'not-keycloak', 'provider_unavailable'],
  [{ status: 0, failure: 'ECONNREFUSED' }, 'unreachable-refused', 'provider_unavailable'],
  [{ status: 0, failure: 'ENOTFOUND' }, 'unresolvable-host', 'provider_unavailable'],
  [{ status: 0, failure: 'timed out' }, 'timed-out', 'provider_unavailable'],
  [{ status: 0, failure: 'DEPTH_ZERO_SELF_SIGNED_CERT' }, 'tls-untrusted', 'provider_unavailable'],
  [{ status: 0, failure: 'ERR_SSL_WRONG_VERSION_NUMBER' }, 'tls-mismatch', 'provider_unavailable'],
  [{ status: 0, failure: 'UND_ERR_SOCKET' }, 'connection-broken', 'provider_unavailable'],
];

/** With what the client shows: the same words mean something else. As Keycloak 26.7.3 answers. */
const OTHER_CREDENTIALS: [TokenAnswer['credential'], number, string, string, string][] = [
  ['key', 401, 'unauthorized_client', 'Invalid client or Invalid client credentials', 'credential-refused'],
  ['secret-jwt', 401, 'unauthorized_client', 'Invalid client or Invalid client credentials', 'wrong-secret'],
  ['key', 400, 'invalid_client', 'Unable to load public key', 'assertion-key'],
  ['secret-jwt', 400, 'invalid_client', 'Invalid signature algorithm', 'assertion-key'],
  ['key', 400, 'invalid_client', 'Token is not active', 'assertion-time'],
  ['key', 400, 'invalid_client', 'Token was issued in the future', 'assertion-time'],
  ['token', 400, 'invalid_client', 'Token is not active', 'assertion-time'],
  ['token', 400, 'invalid_client', 'Invalid token audience', 'assertion-audience'],
  ['token', 401, 'invalid_client', 'Invalid client or Invalid client credentials', 'token-of-nobody'],
  ['key', 401, 'invalid_client', 'Invalid client or Invalid client credentials', 'wrong-client-id'],
  ['certificate', 400, 'invalid_client', 'A text of a later version', 'client-authentication'],
];

for (const [credential, status, error, description, id] of OTHER_CREDENTIALS) {
  test(`"${description}" means ${id} for a client that shows its ${credential}, and nothing advises a secret`, () => {
    const diagnosis = diagnoseTokenError({
      ...json(status, error, description),
      credential,
      clientId: 'my-api',
    });
    assert.deepEqual([diagnosis.id, diagnosis.kind], [id, 'client_misconfigured']);
    assert.doesNotMatch(diagnosis.fix, /Client Authenticator = |Client Id and Secret/);
    assert.ok(!`${diagnosis.cause}${diagnosis.fix}`.includes('undefined'));
  });
}

test('where a token of a file is refused, the advice is about who writes the file, and else about keys and clocks', () => {
  for (const [status, error, description, ofToken, ofKey] of [
    [401, 'unauthorized_client', 'x', /If the token stands for another client/, /Client Authenticator\.$/],
    [
      400,
      'invalid_client',
      'Token is not active',
      /^Look whether the file is still written/,
      /^Set the clocks/,
    ],
    [
      400,
      'invalid_client',
      'Unable to load public key',
      /^Look at the keys of the identity/,
      /^Give Keycloak/,
    ],
  ] as const) {
    const fixOf = (credential: TokenAnswer['credential']) =>
      diagnoseTokenError({ ...json(status, error, description), credential }).fix;
    assert.match(fixOf('token'), ofToken);
    assert.match(fixOf('key'), ofKey);
  }
});

const EXCHANGES: [number, string, string, string, string, RegExp][] = [
  [
    400,
    'invalid_request',
    'Requested audience not available: orders',
    'exchange-audience',
    'client_misconfigured',
    /'to-orders' with an Audience mapper for orders/,
  ],
  [
    400,
    'invalid_client',
    'Audience not found',
    'exchange-audience-unknown',
    'client_misconfigured',
    /client id of the service/,
  ],
  [
    403,
    'access_denied',
    'Client is not within the token audience',
    'exchange-not-within',
    'client_misconfigured',
    /audience mapper for my-api/,
  ],
  [
    400,
    'invalid_request',
    'Standard token exchange is not enabled for the requested client',
    'exchange-off',
    'client_misconfigured',
    /Standard token exchange ON/,
  ],
  [
    400,
    'invalid_client',
    'Public client is not allowed to exchange token',
    'exchange-public',
    'client_misconfigured',
    /Client authentication ON/,
  ],
  [
    400,
    'unsupported_grant_type',
    'Unsupported grant_type',
    'exchange-unsupported',
    'client_misconfigured',
    /26\.2/,
  ],
  [
    400,
    'invalid_request',
    'Sender-constrained token exchange rejected as the token was not issued for the requesting client',
    'exchange-bound',
    'client_misconfigured',
    /bearer tokens/,
  ],
  [400, 'invalid_request', 'Invalid token', 'exchange-subject', 'invalid_credentials', /session/],
];

for (const [status, error, description, id, kind, fix] of EXCHANGES) {
  test(`"${description}" means ${id}`, () => {
    const diagnosis = diagnoseTokenError({ ...json(status, error, description), clientId: 'my-api' });
    assert.deepEqual([diagnosis.id, diagnosis.kind], [id, kind]);
    assert.match(diagnosis.fix, fix);
  });
}

for (const [answer, id, kind] of CASES) {
  const seen = answer.failure ?? [answer.status, answer.error, answer.description].filter(Boolean).join(' ');
  test(`"${seen}" means ${id}`, () => {
    for (const known of [{}, { realm: 'testing', clientId: 'my-api', url: 'http://kc.example/token' }]) {
      const diagnosis = diagnoseTokenError({ ...answer, ...known });
      assert.equal(diagnosis.id, id);
      assert.equal(diagnosis.kind, kind);
      assert.ok(diagnosis.cause.length > 10 && !diagnosis.cause.includes('undefined'), diagnosis.cause);
      assert.ok(diagnosis.fix.length > 20 && !diagnosis.fix.includes('undefined'), diagnosis.fix);
    }
  });
}

test('a failed call is a refusal of the request that needed it: whose fault it is decides on the code', () => {
  const of = (kind: string, status: number) =>
    (toAuthError(new ClientError({ id: 'x', kind, cause: 'c', fix: 'f' } as never, status)) as AuthError)
      .code;
  assert.equal(of('provider_unavailable', 503), 'provider_unavailable');
  assert.equal(of('client_misconfigured', 400), 'provider_misconfigured');
  assert.equal(of('client_misconfigured', 403), 'provider_misconfigured');
  assert.equal(of('invalid_credentials', 403), 'permission_denied');
  for (const status of [400, 401, 402, 404]) assert.equal(of('invalid_credentials', status), 'token_revoked');
  assert.equal(of('account_disabled', 403), 'token_revoked');
  const other = new Error('no call');
  assert.equal(toAuthError(other), other);
});

test('the status of an answer that has no words is read at its bounds', () => {
  const idOf = (status: number, more: object = {}) =>
    diagnoseTokenError({ status, ...more } as TokenAnswer).id;
  assert.equal(idOf(500), 'provider-error');
  assert.equal(idOf(429), 'provider-error');
  assert.equal(idOf(408), 'provider-error');
  for (const error of ['server_error', 'temporarily_unavailable', 'unknown_error'])
    assert.equal(idOf(400, { error }), 'provider-error');
  for (const status of [300, 399]) assert.equal(idOf(status), 'redirected');
  for (const status of [400, 407, 409, 428, 430, 499]) assert.equal(idOf(status), 'refused');
  assert.equal(idOf(404), 'auth-prefix-missing');
  for (const status of [200, 299]) assert.equal(idOf(status), 'not-keycloak');
  assert.equal(idOf(200, { error: 'x' }), 'refused');
  for (const error of ['access_denied', 'expired_token']) {
    assert.equal(idOf(400, { error }), 'device-not-signed-in');
    assert.notEqual(idOf(401, { error }), 'device-not-signed-in');
  }
});
