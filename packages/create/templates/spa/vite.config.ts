import { defineConfig } from 'vite';

const { env } = process;

export default defineConfig({
  root: 'web',
  // What the page has to know. Nothing else of the environment gets into it: everybody can read a page.
  define: {
    KEYCLOAK_URL: JSON.stringify(env.KEYCLOAK_SERVER_URL ?? 'http://localhost:8080'),
    KEYCLOAK_REALM: JSON.stringify(env.KEYCLOAK_REALM ?? 'my-app'),
    API_URL: JSON.stringify(env.API_URL ?? `http://localhost:${env.PORT ?? 3000}`),
  },
  build: { outDir: '../dist-web', emptyOutDir: true },
  server: { port: 5173, strictPort: true },
});
