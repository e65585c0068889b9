import adapter from '@sveltejs/adapter-node';
import { sveltekit } from '@sveltejs/kit/vite';
import { defineConfig } from 'vite';

export default defineConfig({
  plugins: [
    sveltekit({
      adapter: adapter(),
      // SvelteKit refuses every form without an Origin, and so Keycloak's back-channel logout: the hook checks all others.
      csrf: { trustedOrigins: ['*'] },
    }),
  ],
});
