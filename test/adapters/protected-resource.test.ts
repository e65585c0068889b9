import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keycloak } from '../../packages/guard/src/adapters/node/index.ts';

test('an application is one resource: a second one is refused, and a mistake in the first is none', async (t) => {
  const kc = keycloak({
    serverUrl: 'http://localhost:1',
    realm: 'testing',
    clientId: 'my-api',
    onNotice: false,
  });
  t.after(() => kc.close());
  assert.throws(() => kc.protectedResource({ url: 'no url' }), /url: must be an http or https URL/);
  assert.ok(kc.protectedResource({ url: 'https://api.example.com' }));
  assert.throws(
    () => kc.protectedResource({ url: 'https://api.example.com/other' }),
    /protectedResource was called before/,
  );
});
