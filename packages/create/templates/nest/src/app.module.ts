import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { KeycloakGuard, KeycloakModule } from 'keycloak-guard/nest';
// #if redis
import { createRedisRevocationStore, createRedisSessionStore, openRedis } from 'keycloak-guard/redis';
// #endif
import { AppController } from './app.controller';

@Module({
  imports: [
    // A missing variable of the environment is named at the start.
    KeycloakModule.forRootAsync({
      useFactory: () => {
        // #if redis
        // By REDIS_URL, several processes share sessions and sign-outs; without it, one process keeps them in memory.
        const redis = process.env.REDIS_URL ? openRedis({ url: process.env.REDIS_URL }) : undefined;
        // #endif
        return {
          serverUrl: process.env.KEYCLOAK_SERVER_URL ?? '',
          realm: process.env.KEYCLOAK_REALM ?? '',
          clientId: process.env.KEYCLOAK_CLIENT_ID ?? '',
          // #if token
          // In Kubernetes, the token of the pod proves who this is, in place of a secret.
          ...(process.env.KEYCLOAK_CLIENT_TOKEN_FILE
            ? { credential: { tokenFile: process.env.KEYCLOAK_CLIENT_TOKEN_FILE } }
            : { clientSecret: process.env.KEYCLOAK_CLIENT_SECRET }),
          // #else
          clientSecret: process.env.KEYCLOAK_CLIENT_SECRET,
          // #endif
          // #if redis
          ...(redis && { revocationStore: createRedisRevocationStore(redis, { keyPrefix: 'my-app' }) }),
          // #endif
          // #if browser
          session: {
            secret: process.env.SESSION_SECRET ?? '',
            publicUrl: process.env.PUBLIC_URL,
            // #if redis
            ...(redis && { store: createRedisSessionStore(redis, { keyPrefix: 'my-app' }) }),
            // #endif
          },
          backchannelLogout: true,
          // #endif
        };
      },
    }),
  ],
  controllers: [AppController],
  // Every handler needs a valid token, unless it is public.
  providers: [{ provide: APP_GUARD, useClass: KeycloakGuard }],
})
export class AppModule {}
