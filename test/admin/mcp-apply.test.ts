import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applyStep } from '../../packages/cli/src/admin/apply.ts';

test('a realm keeps its client profiles and policies if Keycloak cannot say any more what they are', async (t) => {
  t.mock.method(globalThis, 'fetch', async () => new Response('<html>Bad Gateway</html>', { status: 502 }));
  const put: unknown[] = [];
  const take = async (all: unknown) => void put.push(all);
  const clientPolicies = { createProfiles: take, updatePolicy: take };
  const api = { baseUrl: 'http://keycloak.example', clientPolicies };
  const step = {
    kind: 'create',
    subject: 'client policy documents',
    changes: [],
    action: { type: 'take-documents', policy: { name: 'documents', domains: ['program.example'] } },
  } as const;
  await assert.rejects(applyStep(api as never, { realm: 'testing', clientId: 'mcp' }, step), {
    name: 'AdminError',
    kind: 'missing',
  });
  assert.deepEqual(put, []);
});
