// #if redis
import { createRedisRevocationStore, createRedisSessionStore, openRedis } from 'keycloak-guard/redis';
// #endif
// Settings come from the environment: `npm run dev` sets those of Keycloak, `npm start` reads .env.
const { env } = process;

export const port = Number(env.PORT ?? 3000);
export const host = env.HOST ?? 'localhost';

/** A secret, or what is there in its place: a key (`setup --credential key`), in Kubernetes the token of the pod. */
function readCredential() {
  const clientSecret = env.KEYCLOAK_CLIENT_SECRET;
  const keyFile = env.KEYCLOAK_CLIENT_KEY_FILE;
  const tokenFile = env.KEYCLOAK_CLIENT_TOKEN_FILE;
  if (!clientSecret && keyFile) return { credential: { keyFile } };
  if (!clientSecret && tokenFile) return { credential: { tokenFile } };
  return { clientSecret };
}

/** The options of keycloak-guard, which names missing ones at the start. */
export function readSettings() {
  // #if redis
  // By REDIS_URL, several processes share sessions and sign-outs; without it, one process keeps them in memory.
  const redis = env.REDIS_URL ? openRedis({ url: env.REDIS_URL, keyPrefix: 'my-app' }) : undefined;
  // #endif
  return {
    keycloak: {
      serverUrl: env.KEYCLOAK_SERVER_URL ?? '',
      realm: env.KEYCLOAK_REALM ?? '',
      clientId: env.KEYCLOAK_CLIENT_ID ?? '',
      ...readCredential(),
      // #if redis
      ...(redis && { revocationStore: createRedisRevocationStore(redis) }),
      // #endif
    },
    // #if browser
    session: {
      secret: env.SESSION_SECRET ?? '',
      publicUrl: env.PUBLIC_URL,
      // #if redis
      ...(redis && { store: createRedisSessionStore(redis) }),
      // #endif
    },
    // #endif
    // #if spa
    webOrigin: env.WEB_ORIGIN ?? 'http://localhost:5173',
    // #endif
  };
}

export type Settings = ReturnType<typeof readSettings>;
