import { defineConfig, loadEnv } from 'vite';

export default defineConfig(({ mode }) => {
  // Of .env; what `npm run dev` sets wins.
  const env = loadEnv(mode, process.cwd(), '');
  return {
    root: 'web',
    // What the page has to know. Nothing else of the environment gets into it: everybody can read a page.
    define: {
      KEYCLOAK_URL: JSON.stringify(env.KEYCLOAK_SERVER_URL ?? 'http://localhost:8080'),
      KEYCLOAK_REALM: JSON.stringify(env.KEYCLOAK_REALM ?? 'my-app'),
      API_URL: JSON.stringify(env.API_URL ?? `http://localhost:${env.PORT ?? 3000}`),
    },
    build: { outDir: '../dist-web', emptyOutDir: true },
    server: { port: 5173, strictPort: true },
  };
});
