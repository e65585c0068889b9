// Writes what is the same on every framework's page: `npm run docs`.
import { readFileSync, writeFileSync } from 'node:fs';
import { FRAMEWORK_PAGES, withSharedSections } from './shared-sections.ts';

for (const name of Object.keys(FRAMEWORK_PAGES)) {
  const page = new URL(`../../docs/frameworks/${name}.md`, import.meta.url);
  writeFileSync(page, withSharedSections(name, readFileSync(page, 'utf8')));
}
