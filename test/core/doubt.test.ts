import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Revocation } from '../../packages/guard/src/core/index.ts';
import {
  createEpoch,
  createRevocationList,
} from '../../packages/guard/src/core/revocation/revocation-list.ts';
import { type Doubted, isInDoubt, settleDoubt } from '../../packages/guard/src/core/token/known-token.ts';
import { assertRefused } from '../support/refusal.ts';

const issuer = 'https://sso.example.com/realms/testing';

/** A token that was issued at 1000, and what is known against it. */
function start(...revocations: Revocation[]) {
  const list = createRevocationList(createEpoch());
  for (const revocation of revocations) list.add(revocation);
  const known: Doubted = {
    claims: { iss: issuer, sid: 's1', iat: 1000 },
    doubt: undefined,
    settledAt: -1,
  };
  return { known, list, ask: (isLocal = false) => isInDoubt(known, list, isLocal) };
}

const doubt = (setAt: number): Revocation => ({ type: 'doubt', issuer, issuedUntil: 1000, setAt });
const ended = (endedAt: number): Revocation => ({ type: 'session', issuer, sessionId: 's1', endedAt });

describe('doubt in a token', () => {
  it('is none where nothing is known against it, and an old one is forgotten', () => {
    const { known, ask } = start();
    known.doubt = { revocation: doubt(1), verdict: 'confirm', since: 1 };
    assert.equal(ask(), false);
    assert.equal(known.doubt, undefined);
  });

  for (const [name, revocation, verdict] of [
    ['a doubt', doubt(1), 'confirm'],
    ['the end of its session before it was issued', ended(999), 'ask'],
  ] as const) {
    it(`comes of ${name}, until Keycloak was asked after that`, () => {
      const { known, list, ask } = start(revocation);
      assert.equal(ask(), true);
      assert.deepEqual(known.doubt, { revocation, verdict, since: 1 });
      assert.equal(settleDoubt(known, 0), false, 'asked before');
      assert.equal(known.settledAt, -1);
      assert.notEqual(known.doubt, undefined);
      assert.equal(settleDoubt(known, 1), true);
      assert.deepEqual([known.settledAt, known.doubt], [1, undefined]);
      assert.equal(ask(), false, 'what was said stays said');
      assert.equal(known.doubt, undefined);
      list.add(doubt(2));
      assert.equal(ask(), true, 'what came later is asked about anew');
      assert.equal((known.doubt as Doubted['doubt'])?.since, 2);
    });
  }

  it('is settled at once where there is none', () => {
    const { known } = start();
    assert.equal(settleDoubt(known, 7), true);
    assert.equal(known.settledAt, 7);
  });

  it('where nobody is asked, refuses what is bad unless Keycloak calls it good, and lets the rest pass', async () => {
    const { known, ask } = start(ended(999));
    assert.equal(ask(true), false);
    assert.equal(known.doubt, undefined);
    const error = await assertRefused(async () => start(doubt(1)).ask(true), 'token_revoked');
    assert.equal(error.seen, 'revocation of a doubt');
  });

  it('is refused outright where nothing Keycloak says could help, whenever it was asked', async () => {
    for (const isLocal of [true, false]) {
      const { known, ask } = start(ended(1000));
      settleDoubt(known, 99);
      const error = await assertRefused(async () => ask(isLocal), 'token_revoked');
      assert.equal(error.seen, 'revocation of a session');
    }
  });
});
