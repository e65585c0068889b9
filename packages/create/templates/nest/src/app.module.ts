import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { KeycloakGuard, KeycloakModule } from 'keycloak-guard/nest';
import { AppController } from './app.controller';

@Module({
  imports: [
    // A missing variable of the environment is named at the start.
    KeycloakModule.forRootAsync({
      useFactory: () => ({
        serverUrl: process.env.KEYCLOAK_SERVER_URL ?? '',
        realm: process.env.KEYCLOAK_REALM ?? '',
        clientId: process.env.KEYCLOAK_CLIENT_ID ?? '',
        clientSecret: process.env.KEYCLOAK_CLIENT_SECRET,
        // #if browser
        session: { secret: process.env.SESSION_SECRET ?? '', publicUrl: process.env.PUBLIC_URL },
        backchannelLogout: true,
        // #endif
      }),
    }),
  ],
  controllers: [AppController],
  // Every handler needs a valid token, unless it is public.
  providers: [{ provide: APP_GUARD, useClass: KeycloakGuard }],
})
export class AppModule {}
