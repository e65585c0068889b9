import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { KeycloakGuard, KeycloakModule } from 'keycloak-guard/nest';
import { AppController } from './app.controller';
import { AppService } from './app.service';
import { OrdersController } from './orders.controller';

@Module({
  imports: [
    KeycloakModule.forRootAsync({
      useFactory: () => ({
        serverUrl: process.env.KEYCLOAK_SERVER_URL ?? 'http://localhost:8080',
        realm: 'testing',
        clientId: 'fastapi-keycloak',
      }),
    }),
  ],
  controllers: [AppController, OrdersController],
  providers: [AppService, { provide: APP_GUARD, useClass: KeycloakGuard }],
})
export class AppModule {}
