// nest-keycloak-connect on the newest Nest that its stable release takes, without questions to Keycloak.
import 'reflect-metadata';
import { Controller, Get, Module, Req } from '@nestjs/common';
import { APP_GUARD, NestFactory } from '@nestjs/core';
import nestKeycloakConnect from 'nest-keycloak-connect';
import { CLIENT_ID, PORT, REALM, SERVER_URL, toAnswer } from './settings.mjs';

const { AuthGuard, KeycloakConnectModule, TokenValidation } = nestKeycloakConnect;

class AppController {
  protected(request) {
    return toAnswer(request.user);
  }
}
// What decorators do where they are written.
const descriptor = Object.getOwnPropertyDescriptor(AppController.prototype, 'protected');
Controller()(AppController);
Get('protected')(AppController.prototype, 'protected', descriptor);
Req()(AppController.prototype, 'protected', 0);

class AppModule {}
Module({
  imports: [
    KeycloakConnectModule.register({
      authServerUrl: SERVER_URL,
      realm: REALM,
      clientId: CLIENT_ID,
      secret: process.env.KEYCLOAK_CLIENT_SECRET,
      tokenValidation: TokenValidation.OFFLINE,
    }),
  ],
  controllers: [AppController],
  providers: [{ provide: APP_GUARD, useClass: AuthGuard }],
})(AppModule);
const app = await NestFactory.create(AppModule, { logger: false });
await app.listen(Number(PORT), '127.0.0.1');
