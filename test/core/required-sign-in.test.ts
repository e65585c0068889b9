import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type AcrLevels,
  type Principal,
  type RequiredSignIn,
  type Requirements,
  requireSignIn,
  toGuard,
} from '../../packages/guard/src/core/index.ts';
import { assertRefused, refusalOf, rulesBrokenBy } from '../support/refusal.ts';
import { createTestRealm } from '../support/test-realm.ts';

const realm = createTestRealm();
const principalOf = async (claims: Record<string, unknown>) => realm.verifier().verify(realm.mint(claims));

async function answerOf(
  required: RequiredSignIn,
  claims: Record<string, unknown>,
  acrLevels?: AcrLevels,
): Promise<string> {
  const guard = requireSignIn(required, { acrLevels, clock: realm.clock });
  const principal = await principalOf(claims);
  try {
    guard(principal);
    return 'passes';
  } catch {
    const { code, seen } = await refusalOf(() => guard(principal));
    return code === 'insufficient_user_authentication' ? `refused: ${seen}` : code;
  }
}

describe('a guard that wants a strong sign-in', () => {
  const gold = { acr: ['gold'] };

  it('takes the values that it names, and no others', async () => {
    assert.equal(await answerOf(gold, { acr: 'gold' }), 'passes');
    assert.equal(await answerOf({ acr: ['gold', 'platinum'] }, { acr: 'platinum' }), 'passes');
    for (const acr of ['silver', 'platinum', '2', 'Gold', 'gold ', '']) {
      assert.match(await answerOf(gold, { acr }), /^refused: acr /, acr);
    }
    for (const acr of [undefined, null, 2, ['gold'], { gold: true }]) {
      assert.equal(await answerOf(gold, { acr }), 'refused: acr missing');
    }
  });

  it('takes a stronger one where the order is known, by its name or by its number', async () => {
    const levels = { silver: 1, gold: 2, platinum: 3 };
    for (const acr of ['gold', 'platinum', '2', '3']) {
      assert.equal(await answerOf(gold, { acr }, levels), 'passes', acr);
    }
    for (const acr of ['silver', '1', '0', 'titanium', 'toString', '-3', '2.5', ' 3', '0x3', '9999999999']) {
      assert.match(await answerOf(gold, { acr }, levels), /^refused/, acr);
    }
    assert.equal(await answerOf(gold, { acr: undefined }, levels), 'refused: acr missing');
    assert.equal(await answerOf({ acr: ['platinum', 'silver'] }, { acr: 'silver' }, levels), 'passes');
    assert.equal(await answerOf({ acr: ['2'] }, { acr: 'gold' }, levels), 'passes');
    assert.equal(await answerOf(gold, { acr: '12' }, { silver: 1, gold: 10 }), 'passes');
  });

  it('tells a client what to ask Keycloak for: one value, for of two Keycloak takes the weaker', async () => {
    const guard = requireSignIn({ acr: ['gold', 'platinum'], maxAge: 300 });
    const principal = await principalOf({ acr: 'silver' });
    const error = await assertRefused(() => guard(principal), 'insufficient_user_authentication');
    assert.equal(error.statusCode, 401);
    const [strong, recent] = [{ acr: ['gold'] }, { maxAge: 300 }].map((one) => requireSignIn(one));
    assert.equal((await refusalOf(() => strong?.(principal))).expected, 'acr gold');
    assert.equal((await refusalOf(() => recent?.(principal))).expected, 'at most 300 seconds ago');
    assert.deepEqual(error.signIn, { acr: ['gold', 'platinum'], maxAge: 300 });
    assert.equal(error.expected, 'acr gold or platinum, at most 300 seconds ago');
    assert.deepEqual(error.headers, {
      'www-authenticate':
        'Bearer error="insufficient_user_authentication", error_description="A stronger or more recent sign-in is needed", acr_values="gold", max_age="300"',
    });
  });
});

describe('a guard that wants a recent sign-in', () => {
  const recent = { maxAge: 300 };

  it('takes none that is older, by as much as clocks may differ', async () => {
    const answers = await Promise.all(
      [0, 300, 305, 306, -5, -6].map((age) => answerOf(recent, { auth_time: realm.now - age })),
    );
    assert.deepEqual(
      answers.map((one) => one === 'passes'),
      [true, true, true, false, true, false],
    );
    assert.equal(await answerOf({ maxAge: 0 }, { auth_time: realm.now }), 'passes');
  });

  it('takes no token without the time: of a password grant, of a service account', async () => {
    for (const auth_time of [undefined, null, '1', [realm.now]]) {
      assert.equal(await answerOf(recent, { auth_time }), 'refused: auth_time missing');
    }
  });

  it('goes by the clock of the machine where no other is given', async () => {
    const principal = { ...(await principalOf({})), authenticatedAt: Date.now() / 1000 - 200 } as Principal;
    requireSignIn({ maxAge: 300 })(principal);
    await assertRefused(() => requireSignIn({ maxAge: 100 })(principal), 'insufficient_user_authentication');
  });
});

describe('requirements', () => {
  const wrong = (requirements: Requirements, acrLevels?: AcrLevels) =>
    rulesBrokenBy(() => toGuard(requirements, 'my-api', { acrLevels }));

  it('may name both, for one refusal with both', async () => {
    const guard = toGuard({ acr: 'gold', maxAge: 60 }, 'my-api', { clock: realm.clock });
    guard(await principalOf({ acr: 'gold', auth_time: realm.now }));
    for (const claims of [
      { acr: 'gold', auth_time: realm.now - 100 },
      { acr: 'silver', auth_time: realm.now },
    ]) {
      const principal = await principalOf(claims);
      const error = await assertRefused(() => guard(principal), 'insufficient_user_authentication');
      assert.deepEqual(error.signIn, { acr: ['gold'], maxAge: 60 });
    }
    toGuard({ maxAge: 60 }, 'my-api', { clock: realm.clock })(await principalOf({ auth_time: realm.now }));
  });

  it('are refused at the start where they are wrong', () => {
    assert.deepEqual(wrong({ acr: [] }), [
      'acr must be a non-empty value of acr without spaces, or a list of them',
    ]);
    assert.deepEqual(wrong({ acr: 'gold silver' }).length, 1);
    assert.deepEqual(wrong({ acr: 2 as never }).length, 1);
    assert.deepEqual(wrong({ acr: ['gold', 'gold silver'] }).length, 1);
    assert.deepEqual(wrong({ acr: 'gold' }, { silver: 1 }), [
      'acr must be a value of acr in acrLevels, not gold',
    ]);
    assert.deepEqual(wrong({ acr: 'toString' }, { silver: 1 }).length, 1);
    assert.deepEqual(wrong({ maxAge: -1 }), ['maxAge must be whole seconds, 0 or more']);
    assert.deepEqual(wrong({ maxAge: 1.5 }).length, 1);
    assert.deepEqual(wrong({ maxAge: '300' as never }).length, 1);
    assert.deepEqual(wrong({ anyOf: [{ acr: '' }, { realmRole: 'admin' }] }).length, 1);
  });
});
