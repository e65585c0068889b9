// Gives every package a version, and each that needs another one of them the same: npx tsx tools/release/version.ts 0.2.0
//
// `npm version --workspaces` leaves the latter as they were, and then looks for them in the registry.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

const [version = ''] = process.argv.slice(2);
if (!/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version)) {
  process.stderr.write('npx tsx tools/release/version.ts VERSION, for example 0.2.0\n');
  process.exit(2);
}
const files = ['.', ...readdirSync('packages').map((folder) => `packages/${folder}`)].map(
  (folder) => `${folder}/package.json`,
);
const manifests = files.map((file) => JSON.parse(readFileSync(file, 'utf8')));
const own = new Set(manifests.map(({ name }) => name));
for (const [i, manifest] of manifests.entries()) {
  manifest.version = version;
  for (const needed of [manifest.dependencies ?? {}, manifest.peerDependencies ?? {}])
    for (const name of Object.keys(needed)) if (own.has(name)) needed[name] = version;
  writeFileSync(files[i] ?? '', `${JSON.stringify(manifest, null, 2)}\n`);
}
execFileSync('npm', ['install', '--package-lock-only', '--ignore-scripts', '--no-audit'], {
  stdio: 'inherit',
});
