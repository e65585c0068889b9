import { buildApp } from './app.ts';
import { host, port, readSettings } from './settings.ts';

buildApp(readSettings()).listen(port, host, () => {
  console.log(`Listening at http://${host}:${port}`);
});
