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
  { type: 'doubt', issuer: ISSUER, issuedUntil: 1_700_000_000, setAt: 1_700_000_003 },
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

/** What every seat does that processes share. `open`: as for the store. */
export function newsSeatContract(
  name: string,
  open: (t: TestContext) => Promise<() => Promise<RevocationStore>>,
): void {
  const TOPIC = '["https://sso.example.com/realms/testing","my-api"]';

  test(`${name}: one process has the seat, until it leaves or its time is over`, async (t) => {
    const start = await open(t);
    const [one, two] = [(await start()).news, (await start()).news];
    assert.equal(await one?.take(TOPIC, 'one', 60_000), null);
    assert.equal(await two?.take(TOPIC, 'two', 60_000), undefined);
    assert.equal(await two?.take('another topic', 'two', 60_000), null);
    await two?.leave(TOPIC, 'two');
    assert.equal(await two?.take(TOPIC, 'two', 60_000), undefined);
    assert.equal(await one?.take(TOPIC, 'one', 60_000), null);
    assert.equal(await one?.tell(TOPIC, 'one', 'news'), true);
    await one?.leave(TOPIC, 'one');
    assert.equal(await two?.take(TOPIC, 'two', 1), 'news');
    await eventually('its time is over', async () => (await one?.take(TOPIC, 'one', 60_000)) === 'news');
    assert.equal(await two?.tell(TOPIC, 'two', 'of one who was replaced'), false);
    assert.equal(await one?.take(TOPIC, 'one', 60_000), 'news');
  });

  test(`${name}: news arrives everywhere, and never before the revocations that came first`, async (t) => {
    const start = await open(t);
    const stores = [await start(), await start(), await start()];
    const seen: string[][] = stores.map((store) => {
      const all: string[] = [];
      store.subscribe((revocation) => all.push((revocation as { sessionId: string }).sessionId));
      store.news?.listen(TOPIC, (news) => all.push(news));
      return all;
    });
    const [{ news, add }] = stores as [RevocationStore];
    let count = 0;
    await news?.take(TOPIC, 'one', 60_000);
    // Of what is told in quick succession, some may be left out.
    await eventually('all have heard', async () => {
      count++;
      await add(session(`s${count}`));
      await news?.tell(TOPIC, 'one', `n${count}`);
      return seen.every((all) => all.filter((one) => one.startsWith('n')).length >= 2);
    });
    for (const all of seen) {
      for (const [index, one] of all.entries()) {
        if (one.startsWith('n')) assert.ok(all.indexOf(`s${one.slice(1)}`) < index, `${one} in ${all}`);
      }
    }
  });
}

function listen(store: RevocationStore): Revocation[] {
  const seen: Revocation[] = [];
  store.subscribe((revocation) => seen.push(revocation));
  return seen;
}
