// #if spa-react
import react from '@vitejs/plugin-react';
// #endif
import { defineConfig, loadEnv } from 'vite';

export default defineConfig(({ mode }) => {
  // Of .env; what `npm run dev` sets wins.
  const env = loadEnv(mode, process.cwd(), '');
  return {
    root: 'web',
    // #if spa-react
    plugins: [react()],
    // #endif
    // Settings of the page. It gets nothing else from the environment, because a page is public.
    define: {
      KEYCLOAK_URL: JSON.stringify(env.KEYCLOAK_SERVER_URL ?? 'http://localhost:8080'),
      KEYCLOAK_REALM: JSON.stringify(env.KEYCLOAK_REALM ?? 'my-app'),
      API_URL: JSON.stringify(env.API_URL ?? `http://localhost:${env.PORT ?? 3000}`),
    },
    build: { outDir: '../dist-web', emptyOutDir: true },
    server: { port: 5173, strictPort: true },
  };
});
