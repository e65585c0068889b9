// A small app in Nest, on Express, with keycloak-guard's module or without any: GUARD.
import { createRequire } from 'node:module';
import { CLIENT_ID, PORT, REALM, SERVER_URL, toAnswer } from './settings.mjs';

// The Nest that keycloak-guard has: beside this file there is an older one, for nest-keycloak-connect.
const require = createRequire(
  new URL('../../../packages/guard/dist/adapters/nest/index.js', import.meta.url),
);
require('reflect-metadata');
const { Controller, Get, Module, Req } = require('@nestjs/common');
const { NestFactory } = require('@nestjs/core');
const { KeycloakModule, Require } = await import('../../../packages/guard/dist/adapters/nest/index.js');

const isGuarded = process.env.GUARD === 'on';
const somebody = {
  preferred_username: 'abdullah',
  email: 'abdullah@example.com',
  name: 'Abdullah Alqahtani',
};

class AppController {
  protected(request) {
    return toAnswer(isGuarded ? request.principal.claims : somebody);
  }
}
// What decorators do where they are written.
const descriptor = Object.getOwnPropertyDescriptor(AppController.prototype, 'protected');
Controller()(AppController);
Get('protected')(AppController.prototype, 'protected', descriptor);
if (isGuarded) Require({})(AppController.prototype, 'protected', descriptor);
Req()(AppController.prototype, 'protected', 0);

class AppModule {}
const keycloak = { serverUrl: SERVER_URL, realm: REALM, clientId: CLIENT_ID };
Module({
  imports: isGuarded ? [KeycloakModule.forRoot(keycloak)] : [],
  controllers: [AppController],
})(AppModule);
const app = await NestFactory.create(AppModule, { logger: false });
await app.listen(Number(PORT), '127.0.0.1');
