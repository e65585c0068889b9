import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { Controller, Get, Logger } from '@nestjs/common';
import { ExternalContextCreator } from '@nestjs/core';
import {
  ConditionalScopes,
  EnforcerOptions,
  type KeycloakConnectConfig,
  PolicyEnforcementMode,
  Public,
  ResolvedScopes,
  Resource,
  Scopes,
} from '../../../packages/connect/src/nest/index.ts';
import { BOB, CLIENT_UUID, createFakeKeycloak, grant, SECRET } from '../../authz/fake-keycloak.ts';
import { decorate, decorateParameter } from '../../support/without-syntax.ts';
import { GUARDS, startConnectApp } from './start-connect-app.ts';

class ProductController {
  view() {
    return {};
  }
  edit(scopes: string[]) {
    return { scopes };
  }
  shop() {
    return {};
  }
  bare() {
    return {};
  }
  open() {
    return {};
  }
}
class LooseController {
  loose() {
    return {};
  }
}
decorate(LooseController, Controller('loose'));
decorate(LooseController, 'loose', Get(), Scopes('View'));
decorate(ProductController, Controller(), Resource('Product'));
decorate(ProductController, 'view', Get('view'), Scopes('View'));
decorate(
  ProductController,
  'edit',
  Get('edit'),
  Scopes('View', 'Edit'),
  ConditionalScopes((_request, token) => (token.hasRole('realm:boss') ? ['Overwrite'] : [])),
  EnforcerOptions({ claims: () => ({ place: ['here'] }) }),
);
decorate(
  ProductController,
  'shop',
  Get('shop'),
  Scopes('View'),
  EnforcerOptions({ resource_server_id: 'shop' }),
);
decorate(ProductController, 'bare', Get('bare'));
decorate(ProductController, 'open', Get('open'), Public());
decorateParameter(ProductController, 'edit', ResolvedScopes());

const PRODUCT = { id: 'aaaaaaaa-0000-4000-8000-00000000000a', name: 'Product', owner: CLIENT_UUID };

/** An app on a Keycloak in memory that has a product. */
async function start(t: TestContext, config: KeycloakConnectConfig = {}) {
  const fake = createFakeKeycloak();
  fake.resources.push({ ...PRODUCT, scopes: ['View', 'Edit', 'Overwrite'] });
  const { realm, fetch } = fake;
  const app = await startConnectApp(
    t,
    { controllers: [ProductController, LooseController], providers: GUARDS },
    { realm, config: { secret: SECRET, ...config, verifier: { fetch, tokenCheck: 'local' } } },
  );
  return { ...app, fake, bob: fake.tokenOf(BOB) };
}

describe('ResourceGuard', () => {
  test('asks Keycloak as the client, about the caller’s token, for each scope, and hands on what it asked', async (t) => {
    const { get, fake } = await start(t);
    grant(fake, BOB, 'Product#View', 'Product#Edit', 'Product#Overwrite');
    const token = fake.tokenOf(BOB, { realm_access: { roles: ['boss'] } });
    const answer = await get('/edit', token);
    assert.deepEqual([answer.status, await answer.json()], [200, { scopes: ['View', 'Edit', 'Overwrite'] }]);
    const [{ form, authorization } = {}] = fake.questions;
    assert.deepEqual([authorization, form?.get('subject_token')], [null, token]);
    assert.deepEqual(form?.getAll('permission'), [`${PRODUCT.id}#View,Edit,Overwrite`]);
    assert.equal(Buffer.from(form?.get('claim_token') ?? '', 'base64url').toString(), '{"place":["here"]}');
    assert.equal((await get('/edit')).status, 401);
  });

  test('a permission that Keycloak does not name is refused, though its answer is a good one', async (t) => {
    const { get, fake, bob } = await start(t);
    grant(fake, BOB, 'Product#View');
    const refused = await get('/edit', bob);
    assert.deepEqual([refused.status, await refused.json()], [403, { detail: 'Not enough permissions' }]);
    assert.equal((await get('/view', bob)).status, 200);
  });

  test('a resource of that name that the caller registered counts for nothing', async (t) => {
    const { get, fake, bob } = await start(t);
    fake.resources.push({
      id: 'aaaaaaaa-0000-4000-8000-00000000000b',
      name: 'Product',
      owner: BOB,
      scopes: ['View'],
    });
    fake.grants.add(`${BOB} aaaaaaaa-0000-4000-8000-00000000000b#View`);
    assert.equal((await get('/view', bob)).status, 403);
  });

  test('whose fault it is decides the status', async (t) => {
    const down = await start(t);
    down.fake.replace = () => 'down';
    assert.equal((await down.get('/view', down.bob)).status, 503);
    const ended = await start(t);
    ended.fake.ended.add(ended.bob);
    assert.equal((await ended.get('/view', ended.bob)).status, 401);
    const unknown = await start(t);
    unknown.fake.resources.pop();
    const answer = await unknown.get('/view', unknown.bob);
    assert.deepEqual([answer.status, await answer.json()], [500, { detail: 'Internal Server Error' }]);
  });

  test('without the secret of the client that has the resources nobody gets in', async (t) => {
    const own = await start(t, { secret: '' });
    grant(own.fake, BOB, 'Product#View');
    assert.equal((await own.get('/view', own.bob)).status, 500);
    const other = await start(t);
    let asked = 0;
    other.fake.replace = () => void asked++;
    assert.equal((await other.get('/shop', other.bob)).status, 500);
    assert.equal(asked, 0, 'this secret is not that of the other client');
  });

  test('scopes without a resource let nobody in, whatever the policy', async (t) => {
    const { get, bob, fake } = await start(t);
    assert.equal((await get('/loose', bob)).status, 500);
    assert.equal((await get('/loose')).status, 401);
    assert.equal(fake.questions.length, 0);
  });

  test('what names no scope is left to the other guards, and closed with ENFORCING', async (t) => {
    const permissive = await start(t);
    assert.equal((await permissive.get('/bare', permissive.realm.mint())).status, 200);
    assert.equal((await permissive.get('/bare')).status, 401);
    const { realm, get, fake } = await start(t, {
      policyEnforcement: PolicyEnforcementMode.ENFORCING,
    });
    assert.equal((await get('/bare', realm.mint())).status, 403);
    assert.equal((await get('/bare')).status, 401);
    assert.equal((await get('/open')).status, 200);
    assert.equal(fake.questions.length, 0);
  });
});

test('a context of another kind, which passed all three guards before, is refused', async (t) => {
  const lines: string[] = [];
  t.mock.method(Logger.prototype, 'error', (line: string) => void lines.push(line));
  class Jobs {
    run() {
      return 'done';
    }
  }
  const holder: { run?: (type: string) => Promise<unknown> } = {};
  const { realm } = await startConnectApp(
    t,
    { providers: [...GUARDS, Jobs] },
    {
      prepare: (app) => {
        const creator = app.get(ExternalContextCreator, { strict: false });
        const jobs = app.get(Jobs);
        holder.run = (type) =>
          creator.create(
            jobs,
            jobs.run,
            'run',
            undefined,
            undefined,
            undefined,
            undefined,
            undefined,
            type,
          )({
            headers: { authorization: `Bearer ${realm.mint()}` },
          });
      },
    },
  );
  for (const type of ['ws', 'rpc', 'queue']) {
    await assert.rejects(
      async () => holder.run?.(type),
      (error: object) => JSON.stringify(error).includes('Internal Server Error'),
    );
  }
  assert.equal(lines.filter((line) => String(line).endsWith('The call is refused')).length, 3);
});
