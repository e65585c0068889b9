import node from '@astrojs/node';
import { defineConfig } from 'astro/config';

export default defineConfig({
  output: 'server',
  adapter: node({ mode: 'standalone' }),
  // Astro refuses every form without an Origin, and so Keycloak's back-channel logout: the middleware checks all others.
  security: { checkOrigin: false },
});
