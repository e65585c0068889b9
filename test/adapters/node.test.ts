import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { keycloak } from '../../packages/guard/src/adapters/node/index.ts';
import { ALICE, BOB, createFakeKeycloak, grant } from '../authz/fake-keycloak.ts';
import { describeAdapter } from '../contract/adapter/index.ts';
import { listen } from './listen.ts';
import { NODE } from './node-app.ts';

for (const adapter of NODE) describeAdapter(adapter);

test('a path enforcer takes a listener, as permit does: what it refuses does not end the process', async (t) => {
  const fake = createFakeKeycloak();
  grant(fake, BOB, 'orders#view');
  const verifier = fake.realm.verifier({ tokenCheck: 'local' });
  const kc = keycloak({ verifier });
  kc.permissions({ permissions: fake.permissions({ verifier }) });
  const config = { paths: [{ path: '/orders/*', name: 'orders', scopes: ['view'] }] };
  const listener = kc.guard(
    {},
    kc.pathEnforcer({ config }, (request, response) => {
      response.end(`orders of ${request.principal.username}`);
    }),
  );
  const app = await listen(createServer(listener), () => kc.close());
  t.after(() => app.close());
  const get = (path: string, token: string) =>
    fetch(app.url + path, { headers: { authorization: `Bearer ${token}` } });
  const bob = fake.tokenOf(BOB);
  assert.match(await (await get('/orders/7', bob)).text(), /^orders of /);
  assert.equal((await get('/other', bob)).status, 403);
  assert.equal((await get('/orders/7', fake.tokenOf(ALICE))).status, 403);
});
