import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Revocation } from '../../packages/guard/src/core/index.ts';
import {
  createEpoch,
  createRevocationList,
} from '../../packages/guard/src/core/revocation/revocation-list.ts';
import {
  needsRecheck,
  type Recheckable,
  settleRecheck,
} from '../../packages/guard/src/core/token/known-token.ts';
import { assertRefused } from '../support/refusal.ts';

const issuer = 'https://sso.example.com/realms/testing';

/** A token that was issued at 1000, and what is known against it. */
function start(...revocations: Revocation[]) {
  const list = createRevocationList(createEpoch());
  for (const revocation of revocations) list.add(revocation);
  const known: Recheckable = {
    claims: { iss: issuer, sid: 's1', iat: 1000 },
    pendingRevocation: undefined,
    settledEpoch: -1,
  };
  return { known, list, ask: (isLocal = false) => needsRecheck(known, list, isLocal) };
}

const recheck = (setAt: number): Revocation => ({ type: 'recheck', issuer, issuedUntil: 1000, setAt });
const ended = (endedAt: number): Revocation => ({ type: 'session', issuer, sessionId: 's1', endedAt });

describe('a recheck that a revocation requires', () => {
  it('is none where nothing is known against it, and an old one is forgotten', () => {
    const { known, ask } = start();
    known.pendingRevocation = { revocation: recheck(1), verdict: 'confirm', since: 1 };
    assert.equal(ask(), false);
    assert.equal(known.pendingRevocation, undefined);
  });

  for (const [name, revocation, verdict] of [
    ['a recheck', recheck(1), 'confirm'],
    ['the end of its session before it was issued', ended(999), 'ask'],
  ] as const) {
    it(`comes of ${name}, until Keycloak was asked after that`, () => {
      const { known, list, ask } = start(revocation);
      assert.equal(ask(), true);
      assert.deepEqual(known.pendingRevocation, { revocation, verdict, since: 1 });
      assert.equal(settleRecheck(known, 0), false, 'asked before');
      assert.equal(known.settledEpoch, -1);
      assert.notEqual(known.pendingRevocation, undefined);
      assert.equal(settleRecheck(known, 1), true);
      assert.deepEqual([known.settledEpoch, known.pendingRevocation], [1, undefined]);
      assert.equal(ask(), false, 'what was said stays said');
      assert.equal(known.pendingRevocation, undefined);
      list.add(recheck(2));
      assert.equal(ask(), true, 'what came later is asked about anew');
      assert.equal((known.pendingRevocation as Recheckable['pendingRevocation'])?.since, 2);
    });
  }

  it('is settled at once where there is none', () => {
    const { known } = start();
    assert.equal(settleRecheck(known, 7), true);
    assert.equal(known.settledEpoch, 7);
  });

  it('where nobody is asked, refuses what is bad unless Keycloak calls it good, and lets the rest pass', async () => {
    const { known, ask } = start(ended(999));
    assert.equal(ask(true), false);
    assert.equal(known.pendingRevocation, undefined);
    const error = await assertRefused(async () => start(recheck(1)).ask(true), 'token_revoked');
    assert.equal(error.seen, 'revocation of type recheck');
  });

  it('is refused outright where nothing Keycloak says could help, whenever it was asked', async () => {
    for (const isLocal of [true, false]) {
      const { known, ask } = start(ended(1000));
      settleRecheck(known, 99);
      const error = await assertRefused(async () => ask(isLocal), 'token_revoked');
      assert.equal(error.seen, 'revocation of type session');
    }
  });
});
