// Writes `.env.example` and `docs/settings.md` from the table in packages/server/src/config/settings.ts: `npm run docs`.
// A test fails while they are stale.
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { envExample, settingsPage } from './settings-text.ts';

const root = new URL('../../', import.meta.url);
writeFileSync(fileURLToPath(new URL('.env.example', root)), envExample());
writeFileSync(fileURLToPath(new URL('docs/settings.md', root)), settingsPage());
