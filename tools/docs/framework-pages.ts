// Writes what is the same on every framework's page, and the tables of adapters: `npm run docs`.
import { readFileSync, writeFileSync } from 'node:fs';
import { TABLES, withTables } from './adapter-tables.ts';
import { FRAMEWORK_PAGES, withSharedSections } from './shared-sections.ts';

function update(path: string, change: (text: string) => string): void {
  const page = new URL(`../../${path}`, import.meta.url);
  writeFileSync(page, change(readFileSync(page, 'utf8')));
}

for (const name of Object.keys(FRAMEWORK_PAGES)) {
  update(`docs/frameworks/${name}.md`, (text) => withSharedSections(name, text));
}
for (const page of Object.keys(TABLES)) update(page, (text) => withTables(page, text));
