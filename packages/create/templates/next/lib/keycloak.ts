import { type FetchKeycloak, keycloak } from 'keycloak-guard/fetch';
// #if redis
import { createRedisRevocationStore, createRedisSessionStore, openRedis } from 'keycloak-guard/redis';
// #endif

// Next.js loads this file several times: for pages, for route handlers, for the proxy. They share one object.
const shared = globalThis as { kc?: FetchKeycloak };

// A function, so that `next build` needs none of these. The first request names a missing one.
shared.kc ??= keycloak(() => {
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
    // #endif
  };
});

export const { kc } = shared as { kc: FetchKeycloak };
