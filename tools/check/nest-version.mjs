// Preloaded by tools/check/test-nest.ts: the sources get the Nest of another folder.
import { register } from 'node:module';

register('./other-version-hook.mjs', import.meta.url, {
  data: {
    folder: process.env.NEST_FOLDER,
    packages: '^(@nestjs/|rxjs$|reflect-metadata$|graphql$|mercurius$)',
  },
});
