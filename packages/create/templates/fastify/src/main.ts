import { buildApp } from './app.ts';
import { host, port, readSettings } from './settings.ts';

const app = await buildApp(readSettings());
console.log(`Listening at ${await app.listen({ host, port })}`);
