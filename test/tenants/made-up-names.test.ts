import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createRevocationHub } from '../../packages/guard/src/tenants/revocation-hub.ts';
import { heapInUse, keptSince } from '../support/heap.ts';
import { createPending, settle, startTenants } from './many-realms.ts';

const statusOf = async (answer: Promise<{ readonly status: number }>) => (await answer).status;

/** A long token of others' header and signature. */
function withPayload(token: string, claims: object): string {
  const [header, , signature] = token.split('.');
  const payload = JSON.stringify({ ...claims, padding: 'x'.repeat(10_000) });
  return [header, Buffer.from(payload).toString('base64url'), signature].join('.');
}

describe('names that somebody makes up', () => {
  test('are a 404 each, cost Keycloak nothing, and few calls of the database at a time', async (t) => {
    let most = 0;
    let now = 0;
    const { enter, calls, realmOf, lookups } = startTenants(t, async (name) => {
      most = Math.max(most, ++now);
      await new Promise((resolve) => setTimeout(resolve, 2));
      now--;
      return name === 'acme' ? { realm: 'acme' } : undefined;
    });
    const token = realmOf('acme').mint();
    await enter('acme', token);
    const from = calls.length;
    const answers = await Promise.all(Array.from({ length: 400 }, (_, at) => enter(`made-up-${at}`, token)));
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([404]));
    assert.deepEqual(calls.slice(from), []);
    assert.ok(most <= 32, `${most} at a time`);
    assert.equal(await statusOf(enter('acme', token)), 200);
    const before = lookups.length;
    for (let i = 0; i < 20; i++) assert.equal(await statusOf(enter('made-up-399', token)), 404);
    assert.equal(lookups.length, before, 'it is remembered for a moment');
  });

  test('keep no tenant out, however long they come: neither one in use, nor one that is not in memory', async (t) => {
    const names = Array.from({ length: 10 }, (_, at) => `tenant-${at}`);
    const { enter, realmOf } = startTenants(t, async (name) =>
      names.includes(name) ? { realm: name } : undefined,
    );
    const tokens = new Map(names.map((name) => [name, realmOf(name).mint()]));
    const token = tokens.get('tenant-0');
    await enter('tenant-0', token);
    const made: Promise<{ readonly status: number }>[] = [];
    const statuses: number[] = [];
    for (const name of names) {
      for (let at = 0; at < 250; at++) made.push(enter(`made-up-${made.length}`, token));
      statuses.push((await enter(name, tokens.get(name))).status, (await enter('tenant-0', token)).status);
    }
    assert.deepEqual(new Set(statuses), new Set([200]));
    assert.deepEqual(new Set((await Promise.all(made)).map(({ status }) => status)), new Set([404]));
  });

  test('at a process that has just started keep no tenant out', async (t) => {
    const names = Array.from({ length: 92 }, (_, at) => `tenant-${at}`);
    const { enter, realmOf } = startTenants(t, async (name) => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      return names.includes(name) ? { realm: name } : undefined;
    });
    const tokens = new Map(names.map((name) => [name, realmOf(name).mint()]));
    const flood = Array.from({ length: 200 }, (_, at) => enter(`made-up-${at}`, tokens.get('tenant-0')));
    const answers = await Promise.all(names.map((name) => enter(name, tokens.get(name))));
    assert.deepEqual(
      answers.map(({ status, tenant }) => `${status} ${tenant}`),
      names.map((name) => `200 ${name}`),
    );
    await Promise.all(flood);
  });

  test('wait in one line with a tenant that was removed: the directory has it no more', async (t) => {
    const pending = createPending<undefined>();
    const rows = new Map<string, object>([['acme', { realm: 'acme' }]]);
    const { enter, realmOf, lookups, advance } = startTenants(t, (name) =>
      name.startsWith('made-up') ? pending.promise : rows.get(name),
    );
    const token = () => realmOf('acme').mint();
    assert.equal(await statusOf(enter('acme', token())), 200);
    rows.clear();
    advance(3_600);
    assert.equal(await statusOf(enter('acme', token())), 404);
    advance(3_600);
    const before = lookups.length;
    const made = Array.from({ length: 32 }, (_, at) => enter(`made-up-${at}`, token()));
    const removed = enter('acme', token());
    await settle();
    assert.ok(!lookups.slice(before).includes('acme'));
    pending.resolve(undefined);
    assert.equal(await statusOf(removed), 404);
    await Promise.all(made);
    assert.ok(lookups.slice(before).includes('acme'));
  });

  test('take no place of a tenant that was here before and has left memory', async (t) => {
    const pending = createPending<undefined>();
    const { enter, realmOf } = startTenants(
      t,
      (name) => (name.startsWith('tenant') ? { realm: name } : pending.promise),
      { more: { maxTenants: 1 } },
    );
    const tokens = ['tenant-1', 'tenant-2'].map((name) => [name, realmOf(name).mint()] as const);
    const enterAll = async () => {
      for (const [name, token] of tokens)
        assert.deepEqual(await enter(name, token), { status: 200, tenant: name });
    };
    await enterAll();
    const flood = Array.from({ length: 100 }, (_, at) => enter(`made-up-${at}`));
    await settle();
    await enterAll();
    pending.resolve(undefined);
    assert.deepEqual(new Set((await Promise.all(flood)).map(({ status }) => status)), new Set([404]));
  });

  test('for which the directory names a realm that Keycloak does not have cost it a call in ten seconds', async (t) => {
    const { enter, calls, realmOf, advance } = startTenants(t, (name) => ({ realm: name }));
    const token = realmOf('first').mint();
    for (let turn = 1; turn <= 2; turn++) {
      for (let at = 0; at < 20; at++) assert.equal(await statusOf(enter('gone', token)), 500);
      assert.equal(calls.length, turn);
      advance(11);
    }
    const late = realmOf('gone').mint();
    assert.deepEqual(await enter('gone', late), { status: 200, tenant: 'gone' });
    for (let at = 0; at < 50; at++) await enter(`made-up-${at}`, token);
    assert.deepEqual(await enter('gone', late), { status: 200, tenant: 'gone' });
  });

  test('leave nothing: neither names, nor tokens that nobody verified, nor realms that are none', async (t) => {
    const ofNone = startTenants(t, () => undefined, { tenants: { ofIssuer: () => undefined } });
    const token = ofNone.realmOf('first').mint();
    const ofAcme = startTenants(t, (name) => ({ realm: name }), { tenants: { ofIssuer: () => 'acme' } });
    const acme = ofAcme.realmOf('acme');
    assert.equal(await statusOf(ofAcme.enter('host', acme.mint())), 200);
    const unknown = acme.mint();
    const ofEach = startTenants(t, (name) => ({ realm: name }));
    const hub = createRevocationHub();
    t.after(() => hub.close());
    const floods: Readonly<Record<string, (at: number) => unknown>> = {
      // Each ends in another way: known tokens are found by their end.
      'tokens of no tenant, 3.8 MiB': (at) =>
        statusOf(
          ofNone.enter(
            'host',
            withPayload(token, { iss: `https://made-up-${at}` }) + String(at).padStart(16, 'A'),
          ),
        ),
      'tokens of a tenant with a wrong signature, 3.8 MiB': (at) =>
        statusOf(ofAcme.enter('host', withPayload(unknown, { iss: acme.issuer, at }))),
      'realms that Keycloak does not have, 6 MiB': (at) => statusOf(ofEach.enter(`made-up-${at}`, token)),
      'what hears of their logouts, 5 MiB': (at) => {
        for (let more = 0; more < 66; more++) {
          const address = `https://sso.example.com/realms/made-up-${at}-${more}`;
          hub.of(address, address).listen(() => {})();
        }
      },
    };
    for (const flood of Object.values(floods)) await flood(0);
    const before = heapInUse();
    for (const [what, flood] of Object.entries(floods)) {
      const answers = new Set<unknown>();
      for (let at = 1; at < 300; at++) answers.add(await flood(at));
      assert.ok(!answers.has(200), what);
    }
    const most = 3 * 1024 * 1024;
    const kept = keptSince(before, most);
    assert.ok(kept < most, `${kept} bytes of what may be ${Object.keys(floods).join('; ')}`);
  });
});
