import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AuthError } from '../../packages/guard/src/core/index.ts';
import { createRequestGuard } from '../../packages/guard/src/core/internal.ts';
import { createTestRealm } from '../support/test-realm.ts';

const realm = createTestRealm();
const someone = await realm.verifier().verify(realm.mint());

const requestWith = (authorization?: string) =>
  new Request('http://localhost/', authorization === undefined ? {} : { headers: { authorization } });

test('what was found elsewhere is refused as if the guard had found it, with a header or without, and listeners are told', () => {
  const told: [string, string | null][] = [];
  const guard = createRequestGuard<Request, string>(
    realm.verifier(),
    {},
    {
      toRequest: (request) => request,
      onDenied: (_request, { code }, principal) => void told.push([code, principal?.username ?? null]),
    },
  );
  const refusal = new AuthError('role_missing', 'elsewhere');
  for (const request of [requestWith(), requestWith('Bearer a'), requestWith('DPoP a')])
    assert.throws(() => guard.refuse(request, refusal, someone), refusal);
  assert.deepEqual(told, Array(3).fill(['role_missing', someone.username]));
  assert.throws(() => guard.refuse(requestWith(), new RangeError('a fault')), RangeError);
});
