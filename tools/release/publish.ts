// Packs all packages and publishes them in the order in which they need one another:
//
//   npx tsx tools/release/publish.ts              a dry run: npm checks everything and uploads nothing
//   npx tsx tools/release/publish.ts --publish    for real, with provenance; only a CI job can do that
import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { packAll } from './pack.ts';

const mode = process.argv.includes('--publish') ? '--provenance' : '--dry-run';
for (const [name, archive] of packAll(resolve('packed'))) {
  process.stdout.write(`\nnpm publish ${mode} ${name}\n`);
  const { status } = spawnSync('npm', ['publish', mode, '--access', 'public', archive], { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
