import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  AUTH_ERRORS,
  AuthError,
  type AuthErrorCode,
  isAuthError,
  OptionsError,
} from '../../packages/guard/src/core/index.ts';
import { buildChallenge } from '../../packages/guard/src/core/internal.ts';

const CHALLENGES: Readonly<Record<AuthErrorCode, [number, string, Record<string, string>]>> = {
  missing_token: [401, 'Not authenticated', { 'www-authenticate': 'Bearer' }],
  unsupported_scheme: [401, 'Invalid authentication credentials', { 'www-authenticate': 'Bearer' }],
  ambiguous_credentials: [
    400,
    'Invalid authentication credentials',
    {
      'www-authenticate':
        'Bearer error="invalid_request", error_description="The request has more than one Authorization header"',
    },
  ],
  token_malformed: invalid('The access token is not valid'),
  token_encrypted: invalid('The access token is not valid'),
  token_algorithm: invalid('The access token is not valid'),
  token_key_unknown: invalid('The access token is not valid'),
  token_signature: invalid('The access token is not valid'),
  token_issuer: invalid('The access token is not valid'),
  token_type: invalid('The token is not an access token'),
  token_audience: invalid('The access token is for another audience'),
  token_expired: invalid('The access token expired'),
  token_not_yet_valid: invalid('The access token is not valid yet'),
  token_claims: invalid('The access token is not valid'),
  token_bound: invalid('The access token is bound to a key and cannot be used as a bearer token'),
  token_not_bound: invalid('The access token is not bound to a key, and cannot be used with the scheme DPoP'),
  token_binding: invalid('The access token is bound to another key'),
  token_revoked: invalid('The access token was revoked'),
  token_outdated: invalid('The access token is older than a change of its user'),
  refresh_token_invalid: invalid('The refresh token is not valid'),
  dpop_required: invalid('The access token has to be bound to a key and to come with the scheme DPoP'),
  dpop_proof_missing: invalid('The request has no DPoP proof', 'invalid_dpop_proof'),
  dpop_proof_invalid: invalid('The DPoP proof is not valid for this request', 'invalid_dpop_proof'),
  dpop_proof_replayed: invalid('The DPoP proof was used before', 'invalid_dpop_proof'),
  dpop_nonce_required: invalid('The DPoP proof has to hold the nonce of this answer', 'use_dpop_nonce'),
  insufficient_user_authentication: [
    401,
    'Another sign-in is needed',
    {
      'www-authenticate':
        'Bearer error="insufficient_user_authentication", error_description="A stronger or more recent sign-in is needed"',
    },
  ],
  step_up_redirect: [303, 'Another sign-in is needed', {}],
  role_missing: denied(),
  scope_missing: denied(),
  group_missing: denied(),
  organization_missing: denied(),
  tenant_refused: denied(),
  audience_missing: denied(),
  issuer_refused: denied(),
  client_refused: denied(),
  kind_refused: denied(),
  actor_refused: denied(),
  requirement_unclear: denied(),
  permission_denied: denied(),
  mcp_session_unknown: [404, 'Session not found', {}],
  permission_unaskable: [
    403,
    'Not enough permissions',
    {
      'www-authenticate':
        'Bearer error="insufficient_scope", error_description="Permissions cannot be decided for a token that is bound to a key"',
    },
  ],
  not_found: [404, 'Not Found', {}],
  too_many_logins: [429, 'Too many login attempts', {}],
  tenant_unknown: [404, 'Not Found', {}],
  tenants_unavailable: [503, 'Service Unavailable', { 'retry-after': '5' }],
  path_ambiguous: [400, 'Bad Request', {}],
  logout_token_invalid: [400, 'Invalid logout token', {}],
  logout_token_replayed: [400, 'Invalid logout token', {}],
  cross_origin_request: [403, 'Requests from other sites are refused', {}],
  session_store_unavailable: [503, 'Session store unavailable', { 'retry-after': '5' }],
  provider_unavailable: [503, 'Identity provider unavailable', { 'retry-after': '5' }],
  provider_answer_invalid: [502, 'Identity provider gave no valid answer', {}],
  provider_misconfigured: [500, 'Internal Server Error', {}],
  proof_store_unavailable: [503, 'Proofs cannot be checked at the moment', { 'retry-after': '5' }],
  revocation_not_shared: [503, 'Logout could not be shared', { 'retry-after': '5' }],
};

function invalid(description: string, error = 'invalid_token'): [number, string, Record<string, string>] {
  return [
    401,
    'Could not validate credentials',
    { 'www-authenticate': `Bearer error="${error}", error_description="${description}"` },
  ];
}

function denied(): [number, string, Record<string, string>] {
  return [403, 'Not enough permissions', { 'www-authenticate': 'Bearer error="insufficient_scope"' }];
}

describe('AuthError', () => {
  it('knows no code without an expected answer, and none is missing', () => {
    assert.deepEqual(Object.keys(AUTH_ERRORS).sort(), Object.keys(CHALLENGES).sort());
  });

  for (const [code, [statusCode, message, headers]] of Object.entries(CHALLENGES)) {
    it(`answers ${code} with ${statusCode} and exactly its challenge`, () => {
      const error = new AuthError(code as AuthErrorCode, 'a reason for the log');
      assert.equal(error.statusCode, statusCode);
      assert.equal(error.message, message);
      assert.equal(error.detail, message);
      assert.deepEqual(error.headers, headers);
      assert.equal(error.name, 'AuthError');
      assert.equal(error.reason, 'a reason for the log');
      assert.ok(error instanceof Error);
    });
  }

  it('names the OAuth error where one applies', () => {
    assert.equal(new AuthError('missing_token', '').oauthError, undefined);
    assert.equal(new AuthError('token_expired', '').oauthError, 'invalid_token');
    assert.equal(new AuthError('role_missing', '').oauthError, 'insufficient_scope');
  });

  it('names missing scopes in the challenge', () => {
    assert.deepEqual(new AuthError('scope_missing', '', { scope: 'a b' }).headers, {
      'www-authenticate': 'Bearer error="insufficient_scope", scope="a b"',
    });
  });

  it('says when to try again', () => {
    assert.deepEqual(new AuthError('provider_unavailable', '').headers, {
      'retry-after': '5',
    });
  });

  it('keeps what was expected, what was seen and the cause, and has no cause where none is given', () => {
    const cause = new Error('underneath');
    const error = new AuthError('token_type', 'r', { expected: 'typ Bearer', seen: 'typ ID', cause });
    assert.equal(error.expected, 'typ Bearer');
    assert.equal(error.seen, 'typ ID');
    assert.equal(error.cause, cause);
    assert.equal('cause' in new AuthError('token_type', 'r'), false);
  });
});

it('an error of ours is told from whatever else is thrown', () => {
  assert.equal(isAuthError(new AuthError('missing_token', '')), true);
  for (const thrown of [undefined, null, 'text', 7, () => {}, {}, new Error('missing_token')])
    assert.equal(isAuthError(thrown), false);
});

describe('buildChallenge', () => {
  it('is bare with nothing to say', () => {
    assert.equal(buildChallenge(), 'Bearer');
    assert.equal(buildChallenge({}), 'Bearer');
  });

  it('lists error, description and scope in this order', () => {
    assert.equal(
      buildChallenge({ scope: 'a b', description: 'No.', error: 'invalid_token' }),
      'Bearer error="invalid_token", error_description="No.", scope="a b"',
    );
  });

  it('says which sign-in is wanted, the first of several acr, and where the metadata are', () => {
    assert.equal(
      buildChallenge({ signIn: { acr: ['gold', 'silver'], maxAge: 0 }, resourceMetadata: 'https://a/b' }),
      'Bearer acr_values="gold", max_age="0", resource_metadata="https://a/b"',
    );
  });

  it('lets nothing break out of the quotes or the header', () => {
    assert.equal(
      buildChallenge({ error: 'a"b\\c\r\nSet-Cookie: x=1\u0000\u007fé' }),
      `Bearer error="a'b'c''Set-Cookie: x=1'''"`,
    );
    assert.equal(buildChallenge({ error: ' !#[]~' }), 'Bearer error=" !#[]~"');
  });
});

describe('OptionsError', () => {
  it('lists every problem with its rule and an example', () => {
    const one = { option: 'realm', rule: 'must be a name', example: "'testing'" };
    const two = { option: 'clientId', rule: 'must be an id', example: "'my-api'" };
    assert.equal(
      new OptionsError('createVerifier', [one, two]).message,
      "createVerifier: 2 options are wrong\n  realm: must be a name (for example 'testing')\n  clientId: must be an id (for example 'my-api')",
    );
    const error = new OptionsError('guard', [one]);
    assert.equal(error.message, "guard: an option is wrong\n  realm: must be a name (for example 'testing')");
    assert.deepEqual(error.problems, [one]);
    assert.equal(error.name, 'OptionsError');
    assert.ok(error instanceof TypeError);
  });
});
