import { buildApp } from './app.ts';
import { host, port, readSettings } from './settings.ts';

const server = buildApp(readSettings()).listen(port, host, () => {
  console.log(`Listening at http://${host}:${port}`);
});

// A container ends so: what is under way is answered first.
process.once('SIGTERM', () => server.close(() => process.exit()));
