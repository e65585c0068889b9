import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { startTenants } from './many-realms.ts';

const statusOf = async (answer: Promise<{ readonly status: number }>) => (await answer).status;

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

  test('beyond some hundreds a second are not looked up, and whoever is in use does not notice', async (t) => {
    const { enter, lookups, realmOf } = startTenants(t, async (name) =>
      name === 'acme' ? { realm: 'acme' } : undefined,
    );
    const token = realmOf('acme').mint();
    await enter('acme', token);
    const begin = performance.now();
    const flood = Array.from({ length: 5_000 }, (_, at) => enter(`made-up-${at}`, token));
    assert.equal(await statusOf(enter('acme', token)), 200);
    const statuses = new Set((await Promise.all(flood)).map(({ status }) => status));
    assert.deepEqual(statuses, new Set([404, 503]));
    const seconds = (performance.now() - begin) / 1000;
    assert.ok(lookups.length < 600 + 500 * seconds, `${lookups.length} in ${seconds} s`);
    assert.equal(await statusOf(enter('acme', token)), 200);
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

  test('leave nothing: neither names nor tokens that nobody verified', {
    skip: globalThis.gc === undefined,
  }, async (t) => {
    const { enter, realmOf } = startTenants(t, () => undefined, {
      tenants: { ofIssuer: () => undefined },
    });
    const padding = 'x'.repeat(14_000);
    const heap = () => {
      for (let i = 0; i < 4; i++) globalThis.gc?.();
      return process.memoryUsage().heapUsed;
    };
    const before = heap();
    for (let at = 0; at < 10_000; at++) {
      await enter('host', realmOf('first').mint({ iss: `https://made-up-${at}`, padding }));
    }
    assert.ok(heap() - before < 10 * 1024 * 1024);
  });
});
