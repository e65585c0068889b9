import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { settle, startTenants } from './many-realms.ts';

const cycle: Record<string, unknown> = { realm: 'acme' };
cycle.credential = cycle;
const UNREADABLE: Record<string, () => unknown> = {
  'a getter that throws': () => ({
    get realm() {
      throw new Error('gone');
    },
  }),
  'a cycle': () => cycle,
};

describe('settings of a tenant in use that cannot be read', () => {
  for (const [what, make] of Object.entries(UNREADABLE)) {
    test(what, async (t) => {
      let answer: () => unknown = () => ({ realm: 'acme' });
      const app = startTenants(t, async () => answer());
      const token = app.realmOf('acme').mint();
      assert.equal((await app.enter('acme', token)).status, 200);
      answer = make;
      app.advance(40);
      const statuses = [];
      for (let i = 0; i < 5; i++) {
        statuses.push((await app.enter('acme', token)).status);
        await settle();
      }
      assert.ok(app.notices.some(({ code }) => code === 'tenant_misconfigured'));
      assert.equal(statuses.at(-1), 500);
    });
    test(`${what}, after the directory failed once: for 15 minutes`, async (t) => {
      let answer: () => unknown = () => ({ realm: 'acme' });
      const app = startTenants(t, async () => answer());
      const token = app.realmOf('acme').mint({ exp: app.realmOf('acme').now + 3600 });
      assert.equal((await app.enter('acme', token)).status, 200);
      answer = () => {
        throw new Error('away');
      };
      app.advance(61);
      await app.enter('acme', token);
      await settle();
      answer = make;
      const statuses = [];
      for (let i = 0; i < 7; i++) {
        app.advance(100);
        statuses.push((await app.enter('acme', token)).status);
        await settle();
      }
      assert.equal(statuses.at(-1), 500);
    });
  }
});

const BAD: Record<string, () => unknown> = {
  'name without a prototype': () => ({ name: Object.create(null) }),
  'a getter that throws': () =>
    Object.defineProperty(new Error('x'), 'code', {
      get() {
        throw new Error('code');
      },
    }),
  'name is a symbol': () => ({ name: Symbol('x') }),
};

describe('a directory that rejects with', () => {
  for (const [what, make] of Object.entries(BAD))
    test(`${what}: 503, no unhandled rejection, and slots come back`, { timeout: 8_000 }, async (t) => {
      const unhandled: unknown[] = [];
      const note = (error: unknown) => void unhandled.push(error);
      const before = process.listeners('unhandledRejection');
      process.removeAllListeners('unhandledRejection');
      process.on('unhandledRejection', note);
      t.after(() => {
        process.removeAllListeners('unhandledRejection');
        for (const one of before) process.on('unhandledRejection', one as never);
      });
      const app = startTenants(t, () => Promise.reject(make()), { more: { timeoutMs: 300 } });
      const late = new Promise<string>((resolve) => setTimeout(() => resolve('never answered'), 2_000));
      const status = await Promise.race([app.enter('acme').then(({ status }) => status), late]);
      await new Promise((resolve) => setTimeout(resolve, 20));
      assert.equal(status, 503);
      assert.equal(unhandled.length, 0);
    });
});
