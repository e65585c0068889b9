import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { Controller, Get, HttpCode, Module, Post, Put, type Type, UseGuards } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import {
  ApiOkResponse,
  ApiSecurity,
  ApiUnauthorizedResponse,
  DocumentBuilder,
  SwaggerModule,
} from '@nestjs/swagger';
import {
  KeycloakGuard,
  KeycloakModule,
  OptionalAuth,
  Permission,
  Public,
  Require,
  Roles,
  Scopes,
} from '../../packages/guard/src/adapters/nest/index.ts';
import { decorate } from '../support/without-syntax.ts';
import { createApp, PLATFORMS, type Platform } from './start-app.ts';

const NAMES = [
  'open',
  'signedIn',
  'role',
  'scopes',
  'optional',
  'permission',
  'own',
  'change',
  'created',
  'replaced',
  'used',
] as const;

function toController(): Type {
  class DocumentedController {}
  for (const name of NAMES) {
    const value = { [name]: () => name }[name];
    Object.defineProperty(DocumentedController.prototype, name, {
      value,
      configurable: true,
      writable: true,
    });
  }
  const one = DocumentedController as Type;
  decorate(one, 'open', Get('open'), Public());
  decorate(one, 'signedIn', Get('signedIn'), Require({}));
  decorate(one, 'role', Get('role'), Roles('admin'));
  decorate(one, 'scopes', Get('scopes'), Scopes('orders:read', 'orders:write'));
  decorate(one, 'optional', Get('optional'), OptionalAuth());
  decorate(one, 'permission', Get('permission'), Permission('orders#view'));
  decorate(
    one,
    'own',
    ...[Get('own'), Roles('admin'), ApiSecurity('mine')],
    ...[ApiOkResponse({ description: 'mine' }), ApiUnauthorizedResponse({ description: 'mine' })],
  );
  decorate(one, 'change', Post('change'), Require({}), HttpCode(202));
  decorate(one, 'created', Post('created'), Require({}));
  decorate(one, 'replaced', Put('replaced'), Require({}));
  decorate(one, 'used', Get('used'), UseGuards(KeycloakGuard));
  decorate(one, Controller());
  return one;
}

async function documentOf(
  t: TestContext,
  platform: Platform,
  isEverywhere: boolean,
  controller = toController(),
) {
  class AppModule {}
  Module({
    imports: [
      KeycloakModule.forRoot({
        ...{ serverUrl: 'http://localhost:8080', realm: 'testing', clientId: 'my-api', onNotice: false },
        permissions: { clientSecret: 'a-secret' },
      }),
    ],
    controllers: [controller],
    providers: isEverywhere ? [{ provide: APP_GUARD, useClass: KeycloakGuard }] : [],
  })(AppModule);
  const app = await createApp(platform, AppModule);
  t.after(() => app.close());
  const { paths } = SwaggerModule.createDocument(app, new DocumentBuilder().addBearerAuth().build());
  return (path: string) => {
    const { security, responses } = Object.values(paths[`/${path}`] ?? {})[0];
    return [security, Object.keys(responses), responses] as const;
  };
}

for (const platform of PLATFORMS) {
  describe(`documents of @nestjs/swagger on ${platform}`, () => {
    for (const isEverywhere of [false, true]) {
      test(`say what guards mean, ${isEverywhere ? 'with' : 'without'} APP_GUARD`, async (t) => {
        const of = await documentOf(t, platform, isEverywhere);
        const bearer = (...scopes: string[]) => ({ bearer: scopes });
        const expected: Record<string, [security: object[] | undefined, statuses: string[]]> = {
          open: [undefined, ['200']],
          signedIn: [[bearer()], ['200', '401', '503']],
          role: [[bearer()], ['200', '401', '403', '503']],
          scopes: [[bearer('orders:read', 'orders:write')], ['200', '401', '403', '503']],
          optional: [
            [bearer(), {}],
            ['200', '401', '503'],
          ],
          permission: [[bearer()], ['200', '401', '403', '503']],
          own: [[{ mine: [] }], ['200', '401', '403', '503']],
          change: [[bearer()], ['202', '401', '503']],
          created: [[bearer()], ['201', '401', '503']],
          replaced: [[bearer()], ['200', '401', '503']],
          used: [[bearer()], ['200', '401', '503']],
        };
        for (const [path, [security, statuses]] of Object.entries(expected)) {
          const [found, answers] = of(path);
          assert.deepEqual([found, answers], [security, statuses], path);
        }
        const [, , responses] = of('own');
        assert.deepEqual([responses[200].description, responses[401].description], ['mine', 'mine']);
      });
    }
  });
}

test('what the compiler plugin of @nestjs/swagger says about answers stays', async (t) => {
  const controller = toController();
  Object.assign(controller, {
    _OPENAPI_METADATA_FACTORY: () => Object.fromEntries(NAMES.map((name) => [name, { type: String }])),
  });
  const of = await documentOf(t, 'express', true, controller);
  const [security, , responses] = of('role');
  assert.deepEqual(security, [{ bearer: [] }]);
  assert.equal(responses[200].content['application/json'].schema.type, 'string');
});

test('where it has said them, all answers of a controller whose every handler is guarded are of the controller', async (t) => {
  class Guarded {
    one() {}
  }
  Object.assign(Guarded, { _OPENAPI_METADATA_FACTORY: () => ({ one: { type: String } }) });
  decorate(Guarded, 'one', Get('one'), Require({}));
  decorate(Guarded, Controller(), ApiUnauthorizedResponse({ description: 'mine' }));
  const [, statuses, responses] = (await documentOf(t, 'express', false, Guarded as Type))('one');
  assert.deepEqual(statuses, ['200', '401', '403', '503']);
  assert.equal(responses[200].content['application/json'].schema.type, 'string');
  assert.equal(responses[401].description, 'mine');
  assert.notEqual(responses[403].description, 'mine');
});

test('and none are where it leaves one of them open', async (t) => {
  class Half {
    one() {}
    two() {}
  }
  Object.assign(Half, {
    _OPENAPI_METADATA_FACTORY: () => ({ one: { type: String }, two: { type: String } }),
  });
  decorate(Half, 'one', Get('one'), Require({}));
  decorate(Half, 'two', Get('two'));
  decorate(Half, Controller());
  const [security, statuses] = (await documentOf(t, 'express', false, Half as Type))('two');
  assert.deepEqual([security, statuses], [undefined, ['200']]);
});

test('a handler that nothing guards needs no token in the document either', async (t) => {
  class Open {
    one() {}
  }
  decorate(Open, 'one', Get('one'));
  decorate(Open, Controller());
  const [security, statuses] = (await documentOf(t, 'express', false, Open as Type))('one');
  assert.deepEqual([security, statuses], [undefined, ['200']]);
});
