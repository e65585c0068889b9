import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AuthError } from '../../packages/guard/src/core/index.ts';
import {
  createRequestGuard,
  type RequestGuardHost,
  type SignInDemand,
} from '../../packages/guard/src/core/internal.ts';
import { refusalOf } from '../support/refusal.ts';
import { createTestRealm } from '../support/test-realm.ts';

const realm = createTestRealm();

describe('a guard that wants a strong sign-in', () => {
  const weak = realm.verifier().verify(realm.mint({ acr: 'silver' }));

  async function refusal(
    host: Partial<RequestGuardHost<Request, string>>,
    sent = new Request('http://localhost/'),
  ) {
    const guard = createRequestGuard<Request, string>(
      realm.verifier(),
      { acr: 'gold', maxAge: 60 },
      {
        toRequest: (request) => request,
        ...host,
      },
    );
    return refusalOf(() => guard.decide(sent, ''));
  }

  test('sends the page of a session to where its person can sign in so', async () => {
    const asked: unknown[] = [];
    const denied: string[] = [];
    const stepUp = (_request: Request, demand: SignInDemand) => {
      asked.push(demand);
      return '/auth/login?step_up=x';
    };
    const error = await refusal({
      sessionOf: () => Object.assign(() => weak, { stepUp }),
      onDenied: (_request, { code }) => denied.push(code),
    });
    assert.deepEqual([error.code, error.statusCode], ['step_up_redirect', 303]);
    assert.deepEqual(error.headers, { location: '/auth/login?step_up=x', 'cache-control': 'no-store' });
    assert.deepEqual(asked, [{ signIn: { acr: ['gold'], maxAge: 60 }, tenant: undefined }]);
    assert.deepEqual(denied, ['insufficient_user_authentication']);
  });

  test('sends the page of a session to where its person can sign in for the tenant that it needs', async () => {
    const asked: unknown[] = [];
    const stepUp = (_request: Request, demand: SignInDemand) => {
      asked.push(demand);
      return '/auth/login?tenant=acme';
    };
    const guard = createRequestGuard<Request, string>(
      realm.verifier(),
      {
        check: () => {
          throw new AuthError('tenant_refused', 'Another tenant', { tenant: 'acme' });
        },
      },
      { toRequest: (request) => request, sessionOf: () => Object.assign(() => weak, { stepUp }) },
    );
    const error = await refusalOf(() => guard.decide(new Request('http://localhost/'), ''));
    assert.equal(error.code, 'step_up_redirect');
    assert.deepEqual(asked, [{ signIn: undefined, tenant: 'acme' }]);
  });

  test('challenges whoever is at no page, or sent a token', async () => {
    const without = [undefined, () => undefined].map((stepUp) =>
      Object.assign(() => weak, stepUp === undefined ? {} : { stepUp }),
    );
    for (const session of without) {
      const error = await refusal({ sessionOf: () => session });
      assert.equal(error.code, 'insufficient_user_authentication');
      assert.match(String(error.headers['www-authenticate']), /acr_values="gold", max_age="60"/);
    }
    const session = Object.assign(() => weak, { stepUp: () => '/login' });
    const headers = { authorization: `Bearer ${realm.mint({ acr: 'silver' })}` };
    const error = await refusal({ sessionOf: () => session }, new Request('http://localhost/', { headers }));
    assert.equal(error.code, 'insufficient_user_authentication');
  });

  test('sends nobody away for what another sign-in would not mend', async () => {
    const session = Object.assign(() => weak, { stepUp: () => '/login' });
    const guard = createRequestGuard<Request, string>(
      realm.verifier(),
      { realmRole: 'admin' },
      {
        toRequest: (request) => request,
        sessionOf: () => session,
      },
    );
    const error = await refusalOf(() => guard.decide(new Request('http://localhost/'), ''));
    assert.equal(error.code, 'role_missing');
  });
});
