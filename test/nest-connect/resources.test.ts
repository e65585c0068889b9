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
} from '../../packages/guard/src/nest-connect/index.ts';
import { createTestRealm } from '../support/test-realm.ts';
import { decorate, decorateParameter } from '../support/without-syntax.ts';
import { GUARDS, startConnectApp } from './start-connect-app.ts';

class ProductController {
  view() {
    return {};
  }
  edit(scopes: string[]) {
    return { scopes };
  }
  bare() {
    return {};
  }
  open() {
    return {};
  }
}
decorate(ProductController, Controller(), Resource('Product'));
decorate(ProductController, 'view', Get('view'), Scopes('View'));
decorate(
  ProductController,
  'edit',
  Get('edit'),
  Scopes('View', 'Edit'),
  ConditionalScopes((_request, token) => (token.hasRole('realm:boss') ? ['Overwrite'] : [])),
  EnforcerOptions({ resource_server_id: 'shop', claims: () => ({ place: ['here'] }) }),
);
decorate(ProductController, 'bare', Get('bare'));
decorate(ProductController, 'open', Get('open'), Public());
decorateParameter(ProductController, 'edit', ResolvedScopes());

/** An app whose Keycloak answers questions about permissions as the test says. */
async function start(t: TestContext, answer: () => Response, config: KeycloakConnectConfig = {}) {
  const realm = createTestRealm();
  const asked: { form: URLSearchParams; authorization: string | null }[] = [];
  const fetch: typeof globalThis.fetch = async (input, init) => {
    if (!String(input).endsWith('/protocol/openid-connect/token')) return realm.fetch(input, init);
    const request = new Request(input as string, init);
    asked.push({
      form: new URLSearchParams(await request.text()),
      authorization: request.headers.get('authorization'),
    });
    return answer();
  };
  const app = await startConnectApp(
    t,
    { controllers: [ProductController], providers: GUARDS },
    { realm, config: { ...config, verifier: { fetch } } },
  );
  return { ...app, asked };
}

const granted =
  (...scopes: string[]) =>
  () =>
    Response.json([{ rsid: '1', rsname: 'Product', scopes }]);

describe('ResourceGuard', () => {
  test('asks Keycloak with the caller’s own token, for each scope, and hands on what it asked', async (t) => {
    const { realm, get, asked } = await start(t, granted('View', 'Edit', 'Overwrite'));
    const token = realm.mint({ realm_access: { roles: ['boss'] } });
    const answer = await get('/edit', token);
    assert.deepEqual([answer.status, await answer.json()], [200, { scopes: ['View', 'Edit', 'Overwrite'] }]);
    const [{ form, authorization } = {}] = asked;
    assert.equal(authorization, `Bearer ${token}`);
    assert.deepEqual(form?.getAll('permission'), ['Product#View', 'Product#Edit', 'Product#Overwrite']);
    assert.deepEqual([form?.get('audience'), form?.get('response_mode')], ['shop', 'permissions']);
    assert.equal(Buffer.from(form?.get('claim_token') ?? '', 'base64').toString(), '{"place":["here"]}');
    assert.equal((await get('/edit')).status, 401);
  });

  test('a permission that Keycloak does not name is refused, though its answer is a good one', async (t) => {
    for (const answer of [
      granted('View'),
      () => Response.json([]),
      () => Response.json([{ rsid: '2', rsname: 'Other', scopes: ['View', 'Edit'] }, null]),
      () => Response.json([{ rsid: '1', rsname: 'Product' }]),
    ]) {
      const { realm, get } = await start(t, answer);
      const refused = await get('/edit', realm.mint());
      assert.deepEqual([refused.status, await refused.json()], [403, { detail: 'Not enough permissions' }]);
    }
  });

  test('whose fault it is decides the status', async (t) => {
    const cases: [() => Response, number][] = [
      [() => Response.json({ error: 'access_denied' }, { status: 403 }), 403],
      [() => Response.json({ error: 'invalid_resource' }, { status: 400 }), 500],
      [() => Response.json({ error: 'invalid_grant' }, { status: 401 }), 401],
      [() => new Response('<html>', { status: 502 }), 503],
      [() => new Response('<html>'), 503],
      [() => Response.json({ result: true }), 503],
    ];
    for (const [answer, status] of cases) {
      const { realm, get } = await start(t, answer);
      assert.equal((await get('/view', realm.mint())).status, status);
    }
  });

  test('what names no scope is left to the other guards, and closed with ENFORCING', async (t) => {
    const permissive = await start(t, granted());
    assert.equal((await permissive.get('/bare', permissive.realm.mint())).status, 200);
    assert.equal((await permissive.get('/bare')).status, 401);
    const { realm, get, asked } = await start(t, granted(), {
      policyEnforcement: PolicyEnforcementMode.ENFORCING,
    });
    assert.equal((await get('/bare', realm.mint())).status, 403);
    assert.equal((await get('/bare')).status, 401);
    assert.equal((await get('/open')).status, 200);
    assert.equal(asked.length, 0);
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
