import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { KeycloakGuard, KeycloakModule } from 'keycloak-guard/nest';
import { AppController } from './app.controller';
import { readSettings } from './settings';

@Module({
  imports: [
    KeycloakModule.forRootAsync({
      useFactory: () => {
        // #if browser
        const { keycloak, session } = readSettings();
        return { ...keycloak, session, backchannelLogout: true };
        // #else
        return readSettings().keycloak;
        // #endif
      },
    }),
  ],
  controllers: [AppController],
  // Every handler needs a valid token, unless it is public.
  providers: [{ provide: APP_GUARD, useClass: KeycloakGuard }],
})
export class AppModule {}
