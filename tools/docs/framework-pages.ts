// Writes what is the same on every framework's page, and the tables of adapters and options: `npm run docs`.
import { readFileSync, writeFileSync } from 'node:fs';
import { PAGES_WITH_TABLES, withTables } from './adapter-tables.ts';
import { FRAMEWORK_PAGES, withSharedSections } from './shared-sections.ts';

function update(path: string, change: (text: string) => string): void {
  const page = new URL(`../../${path}`, import.meta.url);
  writeFileSync(page, change(readFileSync(page, 'utf8')));
}

for (const name of Object.keys(FRAMEWORK_PAGES)) {
  update(`docs/frameworks/${name}.md`, (text) => withSharedSections(name, text));
}
for (const page of PAGES_WITH_TABLES) update(page, (text) => withTables(page, text));
