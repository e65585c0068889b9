import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  isAuthError,
  OptionsError,
  type Requirements,
  toGuard,
} from '../../packages/guard/src/core/index.ts';
import { toPrincipal } from '../../packages/guard/src/core/principal/to-principal.ts';
import { assertRefused } from '../support/refusal.ts';

/** @param parsed what the application's `parseClaims` returns. Default: the claims */
const principalOf = (claims: Record<string, unknown>, parsed?: object) => {
  const all = { iss: 'https://sso.example.com/realms/testing', exp: 1, sid: 's', ...claims };
  return toPrincipal(all, parsed ?? all);
};
const refusalOf = (requirements: Requirements, ...of: Parameters<typeof principalOf>) => {
  try {
    toGuard(requirements, 'my-api')(principalOf(...of) as never);
  } catch (error) {
    return isAuthError(error) ? `${error.statusCode} ${error.code}` : String(error);
  }
  return 'let in';
};

// As Keycloak 26.7.3, 26.0.8 and 22.0.5 issue them.
const TOKENS = {
  'a sign-in': [{ jti: 'onrtro:eefa85f6', sid: 'rMS9eqZhm0y5qzifk3fBr_43' }, 'person'],
  'an offline token': [{ jti: 'ofrtro:eefa85f6', sid: 'rMS9eqZhm0y5qzifk3fBr_43' }, 'person'],
  'an exchanged token of a person': [{ jti: 'ntrtte:10659e9c', sid: 'rMS9eqZhm0y5qzifk3fBr_43' }, 'person'],
  'a sign-in up to 26.0': [{ jti: 'eefa85f6-36ce', sid: 'f3c1', session_state: 'f3c1' }, 'person'],
  'a sign-in that says only session_state': [{ sid: undefined, session_state: 'f3c1' }, 'person'],
  'a service account': [
    { jti: 'trrtcc:73ebf64e', sid: undefined, clientHost: '127.0.0.1', client_id: 'shop' },
    'service',
  ],
  'an exchanged token of a service account': [{ jti: 'trrtte:0fcaaabb', sid: undefined }, 'service'],
  'a lightweight token of a service account': [{ jti: 'trltcc:0fcaaabb', sid: undefined }, 'service'],
  'a service account with a session': [{ jti: '73ebf64e', sid: 's', clientHost: '127.0.0.1' }, 'service'],
  'a service account with a session, by jti': [{ jti: 'onrtcc:73ebf64e', sid: 's' }, 'service'],
  'a person who calls themselves a service account': [
    { jti: 'onrtro:eefa85f6', preferred_username: 'service-account-shop' },
    'person',
  ],
  'a person in whose token a mapper names the client': [
    { jti: 'onrtro:eefa85f6', client_id: 'web' },
    'person',
  ],
} as const;

describe('who is behind a token', () => {
  for (const [what, [claims, kind]] of Object.entries(TOKENS)) {
    it(`${what}: ${kind}`, () => {
      assert.equal(principalOf(claims).kind, kind);
      const other = kind === 'person' ? 'service' : 'person';
      assert.equal(refusalOf({ kind }, claims), 'let in');
      assert.equal(refusalOf({ kind: other }, claims), '403 kind_refused');
    });
  }

  it('is the client that the token was issued to, one of a list', () => {
    assert.equal(refusalOf({ client: 'reports' }, { azp: 'reports' }), 'let in');
    assert.equal(refusalOf({ client: ['web', 'reports'] }, { azp: 'reports' }), 'let in');
    for (const azp of ['web', 'Reports', undefined, 7]) {
      assert.equal(refusalOf({ client: 'reports' }, { azp, aud: 'reports' }), '403 client_refused');
    }
    for (const wrong of [{ client: [] }, { client: '' }, { kind: 'human' }, { kind: undefined }] as never[]) {
      assert.throws(() => toGuard(wrong, 'my-api'), OptionsError);
    }
  });

  it('is who acts in the name of a user, and for whom they act', () => {
    assert.equal(principalOf({}).actor, null);
    const act = { sub: 'agent-1', client_id: 'reports', act: { sub: 'agent-0', azp: 'gateway' } };
    const { actor } = principalOf({ act });
    assert.deepEqual(actor, {
      subject: 'agent-1',
      clientId: 'reports',
      actor: { subject: 'agent-0', clientId: 'gateway', actor: null },
    });
    assert.ok(Object.isFrozen(actor) && Object.isFrozen(actor?.actor));
    assert.equal(principalOf({ act: null }).actor, null);
    for (const unreadable of ['reports', 7, ['x'], true, {}])
      assert.deepEqual(principalOf({ act: unreadable }).actor, {
        subject: null,
        clientId: null,
        actor: null,
      });
  });

  it('is named where another one was asked for', async () => {
    const wordsOf = async (actor: Requirements['actor'], claims: Record<string, unknown>) => {
      const guard = toGuard({ actor } as Requirements, 'my-api');
      const refuse = () => guard(principalOf(claims) as never);
      const { reason, expected, seen } = await assertRefused(refuse, 'actor_refused');
      return [reason, expected, seen];
    };
    const nobody = ['Somebody acts in the name of the user', 'nobody'];
    const others = ['The client may not act for users', 'actor web or reports'];
    const clients = { client: ['web', 'reports'] };
    assert.deepEqual(await wordsOf(false, { act: { sub: 'u', client_id: 'web' } }), [...nobody, 'actor web']);
    assert.deepEqual(await wordsOf(false, { act: { sub: 'admin-1' } }), [...nobody, 'actor admin-1']);
    assert.deepEqual(await wordsOf(false, { act: {} }), [...nobody, 'actor without a name']);
    assert.deepEqual(await wordsOf(clients, { act: { client_id: 'crm' } }), [...others, 'actor crm']);
    assert.deepEqual(await wordsOf(clients, {}), [...others, 'nobody']);
  });

  it('may be asked for: nobody, or this client', () => {
    const impersonated = { act: { sub: 'admin-1' } };
    const delegated = { act: { sub: 'agent-1', client_id: 'reports' } };
    const cases = [
      [false, [{}, 'let in'], [impersonated, '403 actor_refused'], [delegated, '403 actor_refused']],
      [
        { client: 'reports' },
        [{}, '403 actor_refused'],
        [impersonated, '403 actor_refused'],
        [delegated, 'let in'],
      ],
      [{ client: ['web', 'reports'] }, [{}, '403 actor_refused'], [delegated, 'let in']],
      [
        { client: 'web' },
        [delegated, '403 actor_refused'],
        [{ ...delegated, azp: 'web' }, '403 actor_refused'],
      ],
    ] as const;
    for (const [actor, ...tokens] of cases)
      for (const [claims, result] of tokens) assert.equal(refusalOf({ actor }, claims), result);
    assert.equal(refusalOf({ actor: { client: 'reports' } }, { act: {} }), '403 actor_refused');
    for (const act of ['agent', 7, ['x'], true, delegated.act])
      for (const parsed of [undefined, {}])
        assert.equal(refusalOf({ actor: false }, { act }, parsed), '403 actor_refused');
    assert.equal(refusalOf({ actor: false }, {}, { act: 'the name of a play' }), 'let in');
    // Only the one who acts now counts, not those before in the chain.
    const chain = { act: { client_id: 'gateway', act: { client_id: 'reports' } } };
    assert.equal(refusalOf({ actor: { client: 'reports' } }, chain), '403 actor_refused');
    for (const actor of [
      true,
      null,
      'reports',
      {},
      { client: [] },
      { client: '' },
      { client: 'a', sub: 'b' },
      [],
    ])
      assert.throws(() => toGuard({ actor } as never, 'my-api'), OptionsError);
  });

  it('is cut where a chain is endless', () => {
    let act: object = { sub: 'first' };
    for (let i = 0; i < 20_000; i++) act = { sub: String(i), act };
    let depth = 0;
    for (let one = principalOf({ act }).actor; one !== null; one = one.actor) depth++;
    assert.equal(depth, 10);
  });
});
