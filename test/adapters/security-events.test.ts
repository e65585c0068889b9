// What observers of security events are told, by requests in memory.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { openSecurityEvents } from '../../packages/guard/src/adapters/engine/parts/security-events.ts';
import { AuthError, type AuthErrorCode, type Principal } from '../../packages/guard/src/core/index.ts';
import { createTestRealm } from '../support/test-realm.ts';

interface Asked {
  readonly token?: string | undefined;
  readonly authorization?: string;
}

function setUp(host: object = {}) {
  const told: Record<string, unknown>[] = [];
  const sources: unknown[] = [];
  const observer = {
    event(event: object, source: unknown) {
      told.push({ ...event });
      sources.push(source);
    },
  };
  const failing = {
    event() {
      throw new Error('of an observer');
    },
  };
  const events = openSecurityEvents<Asked>(new Set([failing, observer]) as never, {
    toRequest: ({ token, authorization = `Bearer ${token}` }) => ({ headers: { authorization } }),
    toSessionRequest: () => ({ method: 'GET', id: 'r-1' }),
    ...host,
  });
  return { events, told, sources };
}
const anna = {
  username: 'anna',
  subject: 's-1',
  sessionId: 'sid-1',
  kind: 'person',
  authorizedParty: 'web',
  actor: null,
} as unknown as Principal;
const who = { user: 'anna', subject: 's-1', sessionId: 'sid-1' };

describe('an observer', () => {
  test('hears once who was admitted, and through whom', () => {
    const actor = (more: object) => ({ clientId: null, subject: null, actor: null, ...more });
    for (const [more, through] of [
      [{}, { through: 'web' }],
      [{ authorizedParty: null }, {}],
      [{ kind: 'service' }, {}],
      [{ actor: actor({ clientId: 'deputy' }) }, { through: 'deputy' }],
      [{ actor: actor({ subject: 's-2' }) }, { through: 's-2' }],
      [{ actor: actor({ clientId: 'one', actor: actor({}) }) }, { through: 'one, unknown' }],
      [{ tenant: 'acme' }, { tenant: 'acme', through: 'web' }],
      [{ tenant: '' }, { through: 'web' }],
    ] as const) {
      const { events, told } = setUp();
      const principal = { ...anna, ...more } as Principal;
      for (let count = 0; count < 2; count++) events.admitted({}, principal);
      assert.deepEqual(told, [{ event: 'access', outcome: 'ok', ...who, ...through }]);
    }
  });

  test('hears of refusals, but of nobody without a token, and of no outage', () => {
    const { events, told } = setUp();
    const { mint } = createTestRealm();
    const claims = { sub: 's-1', preferred_username: 'anna', sid: 'sid-1' };
    const deny = (
      code: AuthErrorCode,
      token?: string,
      principal: Principal | null = null,
      judged?: string,
    ) => {
      told.length = 0;
      events.denied({ token }, new AuthError(code, 'no', { seen: 'bob' }), principal, judged);
      return told;
    };
    for (const code of ['missing_token', 'provider_unavailable', 'provider_misconfigured'] as const)
      assert.deepEqual(deny(code, mint(claims)), []);
    const signed = [
      'token_expired',
      'token_not_yet_valid',
      'token_audience',
      'token_bound',
      'token_revoked',
    ] as const;
    for (const code of signed) {
      assert.deepEqual(deny(code, mint(claims)), [{ event: 'access', outcome: code, ...who }]);
      assert.deepEqual(deny(code, 'no token'), [{ event: 'access', outcome: code }]);
    }
    // Nobody knows who signed it.
    assert.deepEqual(deny('token_signature', mint(claims)), [
      { event: 'access', outcome: 'token_signature' },
    ]);
    assert.deepEqual(deny('role_missing', mint({ sub: 'other' }), anna), [
      { event: 'access', outcome: 'role_missing', ...who, through: 'web' },
    ]);
    assert.deepEqual(deny('token_expired', mint({ sub: 'other' }), null, mint(claims)), [
      { event: 'access', outcome: 'token_expired', ...who },
    ]);
    const old = { sub: 's-1', preferred_username: 7, sid: undefined, session_state: 'sid-1' };
    assert.deepEqual(deny('token_expired', mint(old)), [
      { event: 'access', outcome: 'token_expired', ...who, user: null },
    ]);
    assert.deepEqual(deny('too_many_logins', undefined), [
      { event: 'login', outcome: 'rate_limited', by: 'password', user: 'bob' },
    ]);
  });

  test('hears which tenant it was, of the event or of the request', () => {
    const { events, told } = setUp({
      tenantOf: (_: Asked, token?: string) => (token === undefined ? 'acme' : `of ${token}`),
    });
    const denied = new AuthError('token_signature', 'no');
    events.denied({}, denied, null);
    events.denied({}, denied, null, 'the token');
    events.admitted({}, { ...anna, tenant: 'globex' } as Principal);
    events.session({ type: 'ended', reason: 'expired' } as never, null);
    assert.deepEqual(
      told.map(({ tenant }) => tenant),
      ['acme', 'of the token', 'globex', undefined],
    );
  });

  test('hears where it came from', () => {
    const request = {};
    const appRequest = { of: 'the application' };
    const { events, sources } = setUp({ toAppRequest: () => appRequest, addressOf: () => '192.0.2.1' });
    events.admitted(request, { ...anna });
    events.session({ type: 'ended', reason: 'expired' } as never, null);
    assert.deepEqual(sources, [
      { request: appRequest, method: 'GET', id: 'r-1', address: '192.0.2.1' },
      null,
    ]);
    const plain = setUp();
    plain.events.admitted(request, { ...anna });
    assert.equal((plain.sources[0] as { request: object }).request, request);
  });

  test('hears of Keycloak’s messages, each revocation by itself', () => {
    const { events, told } = setUp();
    const revocations = [
      { type: 'session', issuer: 'https://sso', sessionId: 'sid-1', endedAt: 5 },
      { type: 'user', issuer: 'https://sso', subject: 's-1', issuedUntil: 7 },
    ];
    events.message({}, { revocations, error: null } as never);
    const by = { event: 'revocation', outcome: 'ok', by: 'backchannel_logout' };
    assert.deepEqual(told.splice(0), [
      { ...by, subject: undefined, sessionId: 'sid-1', more: { what: 'session', endedAt: 5 } },
      { ...by, subject: 's-1', sessionId: undefined, more: { what: 'user', issuedUntil: 7 } },
    ]);
    events.message({}, {
      revocations: [],
      error: new AuthError('token_claims', 'no'),
      tenant: 'acme',
    } as never);
    assert.deepEqual(told, [{ ...by, outcome: 'token_claims', tenant: 'acme' }]);
  });

  test('hears of sessions: who came, who failed, who left, and what ended', () => {
    const person = { username: 'anna', subject: 's-1', sessionId: 'sid-1' };
    for (const [event, expected] of [
      [
        { type: 'started', reason: 'login' },
        { event: 'login', outcome: 'ok', by: 'browser', ...who },
      ],
      [
        { type: 'login_failed', reason: 'cancelled' },
        { event: 'login', outcome: 'cancelled', by: 'browser' },
      ],
      ...['not_yours', 'code_refused', 'refused', 'too_weak', 'bad_address'].map(
        (reason) =>
          [
            { type: 'login_failed', reason },
            { event: 'login', outcome: 'not_valid', by: 'browser' },
          ] as const,
      ),
      [
        { type: 'login_failed', reason: 'unavailable' },
        { event: 'login', outcome: 'keycloak_unavailable', by: 'browser' },
      ],
      [
        { type: 'login_failed', reason: 'something new' },
        { event: 'login', outcome: 'failed', by: 'browser' },
      ],
      [
        { type: 'ended', reason: 'logout' },
        { event: 'logout', outcome: 'ok', by: 'browser', ...who },
      ],
      [
        { type: 'logout_refused', reason: 'cross_origin' },
        { event: 'logout', outcome: 'cross_origin', by: 'browser' },
      ],
      [
        { type: 'ended', reason: 'expired' },
        { event: 'session_end', outcome: 'expired', ...who },
      ],
    ] as const)
      for (const tenant of [undefined, 'acme']) {
        const { events, told } = setUp();
        events.session({ ...person, ...event, tenant } as never, {});
        assert.deepEqual(told, [{ ...expected, ...(tenant && { tenant }) }], event.reason);
      }
  });
});
