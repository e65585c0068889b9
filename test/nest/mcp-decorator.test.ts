import assert from 'node:assert/strict';
import { test } from 'node:test';
import { All, Controller, type Type } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { KeycloakGuard, Mcp, Public, Roles } from '../../packages/guard/src/adapters/nest/index.ts';
import { decorate } from '../support/without-syntax.ts';
import { PLATFORMS, startApp } from './start-app.ts';

const mcp = { url: 'https://example.com/mcp' };

/** @param on what stands on the class, and on its handler `mcp`; `open` is public */
function controllerOf(onClass: readonly ClassDecorator[], ...onHandler: readonly MethodDecorator[]): Type {
  class Served {
    serve() {
      return { served: true };
    }
    open() {
      return { open: true };
    }
  }
  decorate(Served, 'serve', All('mcp'), ...onHandler);
  decorate(Served, 'open', All('open'), Public());
  decorate(Served, Controller(), ...onClass);
  return Served;
}

for (const platform of PLATFORMS) {
  test(`${platform}: a controller may be the MCP server, and other decorators are asked as well`, async (t) => {
    const controllers = [controllerOf([Mcp()], Roles('admin'))];
    for (const providers of [[], [{ provide: APP_GUARD, useClass: KeycloakGuard }]]) {
      const { get, realm } = await startApp(t, { controllers, providers }, { platform, options: { mcp } });
      const mint = (aud: string, roles: string[]) =>
        realm.mint({ aud: [aud, realm.clientId], realm_access: { roles } });
      const refused = await get('/mcp');
      assert.deepEqual(
        [refused.status, refused.headers.get('www-authenticate'), await refused.json()],
        [
          401,
          'Bearer resource_metadata="https://example.com/.well-known/oauth-protected-resource/mcp"',
          { detail: 'Not authenticated' },
        ],
      );
      assert.equal((await get('/mcp', mint('https://example.com/other', ['admin']))).status, 401);
      assert.equal((await get('/mcp', mint(mcp.url, []))).status, 403);
      assert.deepEqual(await (await get('/mcp', mint(mcp.url, ['admin']))).json(), { served: true });
      assert.equal((await get('/open')).status, 200);
      assert.equal((await get('/.well-known/oauth-protected-resource/mcp')).status, 200);
    }
  });
}

test('without a handler that @Mcp() guards, and without the option, the app does not start', async (t) => {
  await assert.rejects(
    startApp(t, { controllers: [controllerOf([])] }, { options: { mcp } }),
    /^Error: KeycloakModule: the option mcp guards nothing/,
  );
  await assert.rejects(
    startApp(t, { controllers: [controllerOf([], Mcp())] }),
    /^Error: KeycloakModule: @Mcp\(\) needs the option mcp/,
  );
  await assert.rejects(
    startApp(t, { providers: [controllerOf([], Mcp())] }, { options: { mcp } }),
    /a decorator would guard nothing/,
  );
});

test('nothing is open and an MCP server at once', () => {
  assert.throws(() => controllerOf([], Mcp(), Public()), /@Public\(\) stands beside a decorator that guards/);
});
