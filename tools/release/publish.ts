// Publishes what `npm run pack` left in packed/, in the order in which the packages need one another:
//
//   node tools/release/publish.ts              a dry run: npm checks everything and uploads nothing
//   node tools/release/publish.ts --publish    for real, with provenance; only a CI job can do that
//
// It needs Node and npm alone, for what may publish installs no package.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { PACKAGES } from './pack.ts';

const mode = process.argv.includes('--publish') ? '--provenance' : '--dry-run';
for (const folder of PACKAGES) {
  const { name, version } = JSON.parse(readFileSync(`packages/${folder}/package.json`, 'utf8'));
  const archive = `./packed/${name.replace('@', '').replace('/', '-')}-${version}.tgz`;
  process.stdout.write(`\nnpm publish ${mode} ${name}\n`);
  const { status } = spawnSync('npm', ['publish', mode, '--access', 'public', archive], { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
