import { buildApp } from './app.ts';
import { host, port, readSettings } from './settings.ts';

const app = await buildApp(readSettings());
console.log(`Listening at ${await app.listen({ host, port })}`);

// A container ends so: what is under way is answered first.
process.once('SIGTERM', () => void app.close().then(() => process.exit()));
