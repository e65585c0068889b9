import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Verifier } from '../../packages/guard/src/core/index.ts';
import { messagesOf, mintLogoutToken } from '../core/signed-messages.ts';
import { createDpopClient } from '../support/dpop.ts';
import { startTenants } from './many-realms.ts';

/** A database whose collation takes `ACME` for `acme`, or a customer with two hosts. */
const get = async (name: string) => (name.toLowerCase() === 'acme' ? { realm: 'acme' } : undefined);
const of = ({ path }: { path: string }) => /^\/t\/([A-Za-z]+)/.exec(path)?.[1];

test('a back-channel logout of a realm counts for every name of that realm', async (t) => {
  const { door, realmOf } = startTenants(t, get, { tenants: { of } });
  const acme = realmOf('acme');
  const token = acme.mint({ sid: 's1', sub: 'u1' });
  const guard = door.guard({});
  const at = async (name: string) => {
    const request = new Request(`http://x/t/${name}/a`, { headers: { authorization: `Bearer ${token}` } });
    try {
      return (await guard.decide(request, {}))?.tenant;
    } catch (error) {
      return (error as { code: string }).code;
    }
  };
  assert.equal(await at('acme'), 'acme');
  const verifier = (await door.verifierOf(new Request('http://x/t/acme/a'))) as unknown as Verifier<object>;
  const messages = messagesOf([verifier]);
  const logout = mintLogoutToken(acme, { sid: 's1', sub: 'u1' });
  const { status } = await messages.backchannelLogout(`logout_token=${logout}`, {
    log: { warn() {}, error() {} },
  });
  assert.equal(status, 204);
  assert.equal(await at('acme'), 'token_revoked');
  const statuses = [];
  for (const name of ['ACME', 'Acme', 'aCme']) statuses.push(await at(name));
  assert.deepEqual(statuses, ['token_revoked', 'token_revoked', 'token_revoked']);
});

test('a DPoP proof is good once in a realm, whatever its name', async (t) => {
  const byHeader = ({ header }: { header: (name: string) => string | undefined }) => header('x-tenant');
  const publicUrl = 'https://api.example.com';
  const { enter, realmOf } = startTenants(t, get, {
    tenants: { of: byHeader },
    more: { dpop: 'required', publicUrl },
  });
  const acme = realmOf('acme');
  const client = createDpopClient();
  const token = acme.mint({ typ: 'DPoP', cnf: { jkt: client.jkt } });
  const proof = client.proof({ token, uri: `${publicUrl}/`, now: acme.now });
  const statuses = [];
  for (const name of ['acme', 'acme', 'ACME', 'Acme'])
    statuses.push(
      (await enter('x', token, { authorization: `DPoP ${token}`, dpop: proof, 'x-tenant': name })).status,
    );
  assert.deepEqual(statuses, [200, 401, 401, 401]);
});

test('two names of one realm, each with an address of its own, are two tenants: neither is made again for the other', async (t) => {
  const { enter, realmOf, calls, lookups } = startTenants(t, (name) => ({
    realm: 'acme',
    publicUrl: `https://${name}.example.com`,
  }));
  const token = realmOf('acme').mint();
  for (let at = 0; at < 20; at++)
    for (const name of ['one', 'two'])
      assert.deepEqual(await enter(name, token), { status: 200, tenant: name });
  assert.deepEqual(lookups, ['one', 'two']);
  assert.ok(calls.length <= 4, `${calls.length} calls`);
});
