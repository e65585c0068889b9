import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Revocation, RevocationStore } from '../../packages/guard/src/core/index.ts';
import { eventually } from '../support/eventually.ts';

const ISSUER = 'https://sso.example.com/realms/testing';
const session = (sessionId: string): Revocation => ({ type: 'session', issuer: ISSUER, sessionId });

const KINDS: readonly Revocation[] = [
  session('s1'),
  { type: 'session', issuer: ISSUER, sessionId: 'ended', endedAt: 1_700_000_000 },
  { type: 'user', issuer: ISSUER, subject: 'u1', issuedUntil: 1_700_000_000 },
  { type: 'token', issuer: ISSUER, tokenId: 't1' },
  { type: 'not-before', issuer: ISSUER, notBefore: 1_700_000_000 },
  { type: 'not-before', issuer: ISSUER, clientId: 'my-api', notBefore: 1_700_000_001 },
  { type: 'not-before', issuer: ISSUER, notBefore: 0, setAt: 1_700_000_002 },
  { type: 'recheck', issuer: ISSUER, issuedUntil: 1_700_000_000, setAt: 1_700_000_003 },
  { type: 'change', issuer: ISSUER, subject: 'u1', issuedUntil: 1_700_000_000, effect: 'renew' },
  { type: 'change', issuer: ISSUER, subject: 'u1', issuedUntil: 1_700_000_000, effect: 'confirm' },
  { type: 'change', issuer: ISSUER, issuedUntil: 1_700_000_000, effect: 'ask' },
];

/** What every revocation store does that processes share. `open` gives the end of one more process. */
export function revocationStoreContract(
  name: string,
  open: (t: TestContext) => Promise<() => Promise<RevocationStore>>,
): void {
  test(`${name}: a revocation of any kind reaches every process, also its own`, async (t) => {
    const start = await open(t);
    const stores = [await start(), await start(), await start()];
    const seen = stores.map((store) => listen(store));
    for (const revocation of KINDS) await stores[0]!.add(revocation);
    for (const revocations of seen) {
      await eventually('all have come', () => revocations.length >= KINDS.length);
      assert.deepEqual(revocations, KINDS);
    }
  });

  test(`${name}: a process that starts later learns of what is in force`, async (t) => {
    const start = await open(t);
    const first = await start();
    for (let i = 0; i < 1_500; i++) await first.add(session(`s${i}`));
    for (const revocation of KINDS) await first.add(revocation);
    const later = listen(await start());
    for (const revocation of [...KINDS, session('s0'), session('s1499')]) {
      assert.ok(
        later.some((one) => JSON.stringify(one) === JSON.stringify(revocation)),
        JSON.stringify(revocation),
      );
    }
  });

  test(`${name}: a listener that left hears nothing more`, async (t) => {
    const store = await (await open(t))();
    const left: Revocation[] = [];
    store.subscribe((revocation) => left.push(revocation))();
    const stayed = listen(store);
    await store.add(session('s1'));
    await eventually('it has come', () => stayed.length === 1);
    assert.deepEqual(left, []);
  });

  test(`${name}: an id can be claimed once, in whichever process, until its time is over`, async (t) => {
    const start = await open(t);
    const [one, other] = [await start(), await start()];
    const until = Date.now() / 1000 + 60;
    const claims = await Promise.all([one, other, one, other].map((store) => store.useOnce('jti-1', until)));
    assert.equal(claims.filter(Boolean).length, 1);
    assert.equal(await other.useOnce('jti-2', until), true);
  });

  test(`${name}: of 1,000 DPoP proofs sent to every process at once, each is good once`, async (t) => {
    const start = await open(t);
    const stores = [await start(), await start(), await start()];
    const until = Date.now() / 1000 + 60;
    const ids = Array.from({ length: 1_000 }, (_, i) => `proof-${i}`);
    const used: unknown[] = [];
    // A hundred at a time: the last of thousands would wait longer than a process may wait for another.
    for (let from = 0; from < ids.length; from += 100) {
      const sent = ids.slice(from, from + 100);
      used.push(
        ...(await Promise.all(
          sent.flatMap((id) => [...stores, ...stores].map((store) => store.useProofOnce?.(id, until))),
        )),
      );
    }
    assert.equal(used.filter((isFirst) => isFirst === true).length, ids.length);
    assert.equal(used.filter((isFirst) => isFirst === false).length, ids.length * 5);
    for (const store of stores) assert.equal(await store.useProofOnce?.('proof-7', until), false);
  });
}

/** What every store of leases does. `open`: as for the store. */
export function leasesContract(
  name: string,
  open: (t: TestContext) => Promise<() => Promise<RevocationStore>>,
): void {
  const NAME = '["https://sso.example.com/realms/testing","my-api"]';

  test(`${name}: one process has a lease, until it leaves or its time is over, and it alone saves`, async (t) => {
    const start = await open(t);
    const [one, two] = [(await start()).leases, (await start()).leases];
    assert.equal(await one?.take(NAME, 'one', 60_000), null);
    assert.equal(await two?.take(NAME, 'two', 60_000), undefined);
    assert.equal(await two?.take('another name', 'two', 60_000), null);
    await two?.leave(NAME, 'two');
    assert.equal(await two?.take(NAME, 'two', 60_000), undefined);
    assert.equal(await one?.take(NAME, 'one', 60_000), null);
    assert.equal(await one?.save(NAME, 'one', 'a value'), true);
    await one?.leave(NAME, 'one');
    assert.equal(await one?.save(NAME, 'one', 'of one who left'), false);
    assert.equal(await two?.take(NAME, 'two', 1), 'a value');
    await eventually('its time is over', async () => (await one?.take(NAME, 'one', 60_000)) === 'a value');
    assert.equal(await two?.save(NAME, 'two', 'of one who was replaced'), false);
    assert.equal(await one?.take(NAME, 'one', 60_000), 'a value');
  });
}

function listen(store: RevocationStore): Revocation[] {
  const seen: Revocation[] = [];
  store.subscribe((revocation) => seen.push(revocation));
  return seen;
}
