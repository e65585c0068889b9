import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toRefusal } from '../../packages/guard/src/core/http/refusal.ts';
import { AuthError } from '../../packages/guard/src/core/index.ts';
import { toPublic } from '../../packages/guard/src/core/internal.ts';

const withResource = (error: AuthError, resource: typeof RESOURCE) => toRefusal(error, resource, undefined);
const RESOURCE = { metadataUrl: 'https://api.example.com/.well-known/x', scopes: ['a'] };

test('the refusal keeps what it says, and every other header', () => {
  const error = new AuthError('scope_missing', 'why', {
    expected: 'scope b',
    seen: 'none',
    scope: 'b',
    headers: { 'x-other': '1' },
  });
  const named = withResource(error, RESOURCE);
  assert.notEqual(named, error);
  const { code, reason, expected, seen, scope, stack, headers } = named;
  assert.deepEqual(
    { code, reason, expected, seen, scope, stack },
    {
      code: 'scope_missing',
      reason: 'why',
      expected: 'scope b',
      seen: 'none',
      scope: 'a b',
      stack: error.stack,
    },
  );
  assert.deepEqual(headers, {
    'x-other': '1',
    'www-authenticate': `Bearer error="insufficient_scope", scope="a b", resource_metadata="${RESOURCE.metadataUrl}"`,
  });
});

test('the refusal of an organization names it in a challenge with metadata, too', () => {
  const error = new AuthError('role_missing', 'why', { organization: 'acme', cause: new Error('x') });
  const named = withResource(error, RESOURCE);
  assert.deepEqual([named.organization, named.cause], ['acme', error.cause]);
});

test('quotes and line breaks in a scope or an address end no header', () => {
  const evil = { metadataUrl: 'https://x/"\r\nset-cookie: a=b', scopes: ['a"b'] };
  const { headers } = withResource(new AuthError('missing_token', 'why'), evil);
  assert.equal(
    headers['www-authenticate'],
    `Bearer scope="a'b", resource_metadata="https://x/'''set-cookie: a=b"`,
  );
});

test('where there is neither metadata nor a proof to name, the refusal is the error itself', () => {
  const error = new AuthError('token_expired', 'why');
  assert.equal(toRefusal(error, undefined, undefined), error);
});

test('the other end of a connection hears of a refusal, and of a fault nothing', () => {
  const { statusCode, detail } = toPublic(new AuthError('token_expired', 'why'));
  assert.deepEqual([statusCode, detail], [401, 'Could not validate credentials']);
  const fault = toPublic(new Error('the password is wrong'));
  assert.deepEqual([fault.statusCode, fault.detail], [500, 'Internal Server Error']);
});

test('a challenge of another scheme, or none, stays as it is', () => {
  const other = new AuthError('permission_denied', 'why', {
    headers: { 'www-authenticate': 'UMA ticket="x"' },
  });
  assert.equal(withResource(other, RESOURCE), other);
  const down = new AuthError('provider_unavailable', 'why');
  assert.equal(withResource(down, RESOURCE), down);
});

test('no scope is named if another one would not help, or none is known', () => {
  const role = new AuthError('role_missing', 'why');
  const { headers } = withResource(role, RESOURCE);
  assert.equal(
    headers['www-authenticate'],
    `Bearer error="insufficient_scope", resource_metadata="${RESOURCE.metadataUrl}"`,
  );
  const anonymous = withResource(new AuthError('missing_token', 'why'), { ...RESOURCE, scopes: [] });
  assert.equal(anonymous.headers['www-authenticate'], `Bearer resource_metadata="${RESOURCE.metadataUrl}"`);
});
