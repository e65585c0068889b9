// Settings come from the environment: `npm run dev` sets those of Keycloak, `npm start` reads .env.
const { env } = process;

export const port = Number(env.PORT ?? 3000);
export const host = env.HOST ?? 'localhost';

/** The options of keycloak-guard, which names missing ones at the start. */
export function readSettings() {
  return {
    keycloak: {
      serverUrl: env.KEYCLOAK_SERVER_URL ?? '',
      realm: env.KEYCLOAK_REALM ?? '',
      clientId: env.KEYCLOAK_CLIENT_ID ?? '',
      clientSecret: env.KEYCLOAK_CLIENT_SECRET,
    },
    // #if browser
    session: { secret: env.SESSION_SECRET ?? '', publicUrl: env.PUBLIC_URL },
    // #endif
    // #if spa
    webOrigin: env.WEB_ORIGIN ?? 'http://localhost:5173',
    // #endif
  };
}

export type Settings = ReturnType<typeof readSettings>;
