// Preloaded by tools/check/test-nest.ts: the sources get the Nest of another folder.
import { register } from 'node:module';

register('./nest-version-hook.mjs', import.meta.url, { data: process.env.NEST_FOLDER });
