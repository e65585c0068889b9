// Tries what nest-keycloak-connect lets in, on it or on the drop-in: npm run test:nest -- --original
import 'reflect-metadata';
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { Controller, Get, Module, Post, type Type } from '@nestjs/common';
import { APP_GUARD, ExternalContextCreator, NestFactory } from '@nestjs/core';
import type * as DropIn from '../../../packages/connect/src/nest/index.ts';
import { startTestIdp } from '../../support/dev-idp.ts';
import { decorate } from '../../support/without-syntax.ts';

const { NEST_FOLDER } = process.env;
const { AuthGuard, KeycloakConnectModule, ResourceGuard, RoleGuard, Roles }: typeof DropIn =
  NEST_FOLDER === undefined
    ? await import('../../../packages/connect/src/nest/index.ts')
    : createRequire(`${NEST_FOLDER}/package.json`)('nest-keycloak-connect');

class Pages {
  any() {
    return 'in';
  }
  changed() {
    return 'in';
  }
  tenant() {
    return 'in';
  }
}
decorate(Pages, Controller());
decorate(Pages, 'any', Get('any'));
decorate(Pages, 'changed', Post('any'));
decorate(Pages, 'tenant', Get('tenant'), Roles({ roles: ['realm:tenant:admin'] }));

class UserPages {
  admin() {
    return 'in';
  }
}
decorate(UserPages, Controller('user'), Roles({ roles: ['realm:user'] }));
decorate(UserPages, 'admin', Get('admin'), Roles({ roles: ['realm:admin'] }));

class Jobs {
  run() {
    return 'in';
  }
}

const written: string[] = [];
const say = process.stdout.write.bind(process.stdout);
for (const stream of [process.stdout, process.stderr]) {
  stream.write = (text: unknown) => written.push(String(text)) > 0;
}

const idp = await startTestIdp();
class App {}
Module({
  imports: [
    KeycloakConnectModule.register({
      ...{ authServerUrl: idp.url, realm: 'testing', clientId: 'fastapi-keycloak' },
      ...{ secret: 'for-development-only', tokenValidation: 'offline' as never },
      ...{ logLevels: ['verbose'], useNestLogger: true },
    }),
  ],
  controllers: [Pages, UserPages],
  providers: [
    Jobs,
    ...[AuthGuard, ResourceGuard, RoleGuard].map((useClass) => ({
      provide: APP_GUARD,
      useClass: useClass as Type,
    })),
  ],
})(App);
const app = await NestFactory.create(App, { logger: ['error', 'warn', 'log', 'debug', 'verbose'] });
// As cookie-parser does.
app.use(
  (request: { headers: { cookie?: string }; cookies: object }, _response: unknown, next: () => void) => {
    request.cookies = Object.fromEntries(
      (request.headers.cookie ?? '').split('; ').map((one) => one.split('=', 2)),
    );
    next();
  },
);
await app.listen(0, '127.0.0.1');
const url = await app.getUrl();

const issue = (roles: string[], more: { clientId?: string; claims?: object } = {}) =>
  idp.issueToken({ ...more, username: 'abdullah', claims: { realm_access: { roles }, ...more.claims } });
const get = async (path: string, headers: Record<string, string>, method = 'GET') =>
  (await fetch(`${url}${path}`, { method, headers })).status < 300;
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

const user = await issue(['user']);
// Who belongs in gets in, and who has nothing does not: otherwise the rest says nothing.
assert.equal(await get('/any', bearer(user)), true);
assert.equal(await get('/any', {}), false);
assert.equal(await get('/user/admin', bearer(await issue(['user', 'admin']))), true);
assert.equal(await get('/any', { cookie: `KEYCLOAK_JWT=${user}` }), true);

const run = app.get(ExternalContextCreator, { strict: false });
const jobs = app.get(Jobs);
const job = run.create(
  jobs,
  jobs.run,
  'run',
  undefined,
  undefined,
  undefined,
  undefined,
  { guards: true } as never,
  'rpc',
);
const others = { clientId: 'other-service', claims: { aud: 'other-service', azp: 'other-service' } };
const evil = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' };

/** Whether each is open. */
const holes: Readonly<Record<string, boolean>> = {
  'class: user, handler: admin; a user without admin': await get('/user/admin', bearer(user)),
  'a token that was issued for another client': await get('/any', bearer(await issue([], others))),
  'the role tenant, where tenant:admin is required': await get('/tenant', bearer(await issue(['tenant']))),
  'the cookie, sent by another site’s page': await get(
    '/any',
    { ...evil, cookie: `KEYCLOAK_JWT=${user}` },
    'POST',
  ),
  'an RPC message without a token': await Promise.resolve(job('message')).then(
    (answer) => answer === 'in',
    () => false,
  ),
  'the whole token in the log': written.join('').includes(user),
};
await app.close();
await idp.close();
say(`${JSON.stringify(holes)}\n`);
