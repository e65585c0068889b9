import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { AuthError } from '../../packages/guard/src/core/index.ts';
import { eventually } from '../support/eventually.ts';
import { startTenants } from './many-realms.ts';

/** An open connection of `acme`, and the directory. */
async function open(t: TestContext, more: Record<string, unknown> = {}) {
  const rows = new Map<string, unknown>(['acme', 'globex'].map((realm) => [realm, { realm }]));
  const app = startTenants(t, async (name) => rows.get(name), { more });
  const guard = app.door.connections.guard({});
  const connect = (name: string) => guard.open(app.requestOf(name, app.realmOf(name).mint()));
  const [acme, globex] = [await connect('acme'), await connect('globex')];
  /** The connection notices by itself, after the directory was asked again. */
  const ended = async () => {
    app.advance(31);
    await app.enter('acme');
    await eventually('it ends', () => acme.signal.aborted);
    return acme.signal.reason as AuthError;
  };
  return { ...app, rows, connect, acme, globex, ended };
}

describe('connections that stay open, of tenants', () => {
  test('end with a tenant that is removed from the directory, and no other’s do', async (t) => {
    const { rows, ended, globex } = await open(t);
    rows.delete('acme');
    assert.equal((await ended()).code, 'tenant_unknown');
    assert.equal(globex.signal.aborted, false);
  });

  test('end where the name stands for another realm, or has other settings', async (t) => {
    for (const [settings, codes] of [
      [{ realm: 'globex' }, ['token_key_unknown', 'token_issuer']],
      [{ realm: 'acme', audience: 'my-api' }, ['tenant_refused', 'token_audience']],
      [{ realm: 'acme', clientSecret: 'new' }, ['tenant_refused']],
    ] as const) {
      const { rows, ended, globex } = await open(t);
      rows.set('acme', settings);
      const { code, reason } = await ended();
      assert.ok((codes as readonly string[]).includes(code));
      if (code === 'tenant_refused') assert.equal(reason, 'The tenant has other settings');
      assert.equal(globex.signal.aborted, false);
    }
  });

  test('go on while the directory is away, and where the tenant only left memory', async (t) => {
    const { rows, acme, advance, enter, notices, connect } = await open(t, { maxTenants: 1 });
    await connect('globex');
    assert.ok(await acme.verify());
    rows.get = () => {
      throw new Error('away');
    };
    advance(40);
    await connect('acme').catch(() => {});
    await enter('acme');
    await eventually('it is away', () => notices.some(({ code }) => code === 'tenants_unavailable'));
    await new Promise((resolve) => setTimeout(resolve, 600));
    assert.equal(acme.signal.aborted, false);
  });
});
