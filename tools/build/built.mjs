// Builds dist/ unless it is built already: node tools/build/built.mjs [flags of build.mjs]
//
// Most parts of a CI run use what was built, and one build takes ten seconds of processor time. It is there if no source has
// changed since, nor what was written of it. Where no checked types are asked for, a build serves that has more than is needed.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const STAMP = join(root, 'node_modules/.cache/built.json');
const PACKAGES = readdirSync(join(root, 'packages')).map((name) => join(root, 'packages', name));

const flags = process.argv.slice(2);
const needed = flags.filter((flag) => flag !== '--no-check').join(' ');
const isChecked = !flags.includes('--no-check');
const sources = digest([
  ...['package.json', 'package-lock.json', 'tsconfig.json', 'tsconfig.build.json'].map((name) =>
    join(root, name),
  ),
  ...filesOf(join(root, 'tools/build')),
  ...PACKAGES.flatMap((folder) => filesOf(folder)),
]);
if (!isBuilt()) build();

function isBuilt() {
  try {
    const built = JSON.parse(readFileSync(STAMP, 'utf8'));
    const serves = isChecked ? built.isChecked && built.flags === needed : built.flags.includes(needed);
    return serves && built.sources === sources && built.written === written();
  } catch {
    return false;
  }
}

function build() {
  rmSync(STAMP, { force: true });
  if (isChecked)
    for (const folder of PACKAGES) rmSync(join(folder, 'dist'), { recursive: true, force: true });
  execFileSync(process.execPath, [fileURLToPath(new URL('build.mjs', import.meta.url)), ...flags], {
    cwd: root,
    stdio: 'inherit',
  });
  mkdirSync(dirname(STAMP), { recursive: true });
  const stamp = { flags: needed, isChecked, sources, written: written() };
  writeFileSync(STAMP, JSON.stringify(stamp));
}

/** Of what was built: by time and size. It is read only where something is unlike. */
function written() {
  return digest(
    PACKAGES.flatMap((folder) => filesOf(join(folder, 'dist'))),
    (file) => {
      const { mtimeMs, size } = statSync(file);
      return `${mtimeMs} ${size}`;
    },
  );
}

function digest(files, read = (file) => readFileSync(file)) {
  const hash = createHash('sha256');
  for (const file of files.sort()) hash.update(`${file}\n`).update(read(file));
  return hash.digest('hex');
}

/** @returns {string[]} all files below the folder, but of a package neither what is built nor what is installed */
function filesOf(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .filter(({ name }) => name !== 'node_modules' && !(name === 'dist' && PACKAGES.includes(folder)))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      return entry.isDirectory() ? filesOf(path) : [path];
    });
}
