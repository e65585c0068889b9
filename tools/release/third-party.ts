// Names and licences of all packages that come with this one, for whoever passes them on (an image, a bundle):
//   npx tsx tools/release/third-party.ts > THIRD_PARTY.md
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { productionPackages } from './production-packages.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

const sections = productionPackages().map(({ name, version, licence, folder }) => {
  const path = join(root, folder);
  const files = existsSync(path) ? readdirSync(path) : [];
  const texts = files
    .filter((file) => /^(licen[cs]e|notice|copying)/i.test(file))
    .map((file) => readFileSync(join(path, file), 'utf8').trim());
  const quoted = texts.map((text) => text.replace(/^/gm, '    ')).join('\n\n');
  return `## ${name} ${version}\n\n${licence ?? 'no licence named'}\n\n${quoted || 'The package brings no licence text along.'}\n`;
});
process.stdout.write(`# Third-party packages\n\n${sections.join('\n')}`);
