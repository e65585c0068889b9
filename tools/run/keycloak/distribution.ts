import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Keycloak that tests and tools use where no other is asked for. */
export const NEWEST_VERSION = '26.7.3';

/** An unpacked Keycloak. */
export interface Distribution {
  readonly home: string;
  readonly version: string;
}

/** Where downloads and prepared servers are kept: outside the repository, shared by all clones. */
export function cacheFolder(): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'keycloak-guard');
}

/**
 * Finds an unpacked Keycloak: `KEYCLOAK_HOME` if it has that version, else the cache, else Maven.
 *
 * @throws Error that says in plain words what to install
 */
export function findDistribution(
  version: string,
  onProgress: (line: string) => void = () => {},
): Distribution {
  const own = process.env.KEYCLOAK_HOME;
  if (own !== undefined && own !== '') {
    const found = versionOf(own);
    if (found === undefined) throw new Error(`KEYCLOAK_HOME is ${own}, but there is no Keycloak there`);
    if (found === version) return { home: own, version };
    onProgress(`KEYCLOAK_HOME has Keycloak ${found}, ${version} is asked for: looking elsewhere`);
  }
  const home = join(cacheFolder(), version);
  if (versionOf(home) === version) return { home, version };
  const archive = join(cacheFolder(), 'dist', `keycloak-quarkus-dist-${version}.tar.gz`);
  if (!existsSync(archive)) download(version, onProgress);
  onProgress(`Unpacking Keycloak ${version}`);
  unpack(archive, home);
  return { home, version };
}

/** Version of the Keycloak in a folder, or `undefined` when there is none. */
export function versionOf(home: string): string | undefined {
  if (!existsSync(join(home, 'bin', 'kc.sh'))) return undefined;
  return /(\d+\.\d+\.\d+)/.exec(readFileSync(join(home, 'version.txt'), 'utf8'))?.[1];
}

function download(version: string, onProgress: (line: string) => void): void {
  if (!hasCommand('mvn', '--version')) throw new Error(howToGetKeycloak(version, 'Maven is not installed'));
  onProgress(`Downloading Keycloak ${version} with Maven (about 170 MB, once)`);
  const folder = join(cacheFolder(), 'dist');
  mkdirSync(folder, { recursive: true });
  const artifact = `org.keycloak:keycloak-quarkus-dist:${version}:tar.gz`;
  const run = spawnSync(
    'mvn',
    ['-q', '-B', 'dependency:copy', `-Dartifact=${artifact}`, `-DoutputDirectory=${folder}`],
    { cwd: folder, encoding: 'utf8' },
  );
  if (run.status !== 0) {
    const output = `${run.stdout}${run.stderr}`.trim().split('\n').slice(0, 5).join('\n');
    throw new Error(howToGetKeycloak(version, `Maven could not download it:\n${output}\n`));
  }
}

function unpack(archive: string, home: string): void {
  // Into a folder of its own first: another process may be unpacking the same file.
  const folder = mkdtempSync(join(cacheFolder(), 'unpacking-'));
  const run = spawnSync('tar', ['-xzf', archive, '-C', folder, '--strip-components=1'], { encoding: 'utf8' });
  if (run.status !== 0) {
    rmSync(folder, { recursive: true, force: true });
    throw new Error(`${archive} could not be unpacked: ${run.stderr.trim()}. Delete it and try again.`);
  }
  try {
    renameSync(folder, home);
  } catch {
    rmSync(folder, { recursive: true, force: true });
    if (versionOf(home) === undefined) throw new Error(`${home} is in the way. Delete it and try again.`);
  }
}

/** Makes sure that there is a Java that can run Keycloak. */
export function requireJava(): void {
  const java = process.env.JAVA_HOME ? join(process.env.JAVA_HOME, 'bin', 'java') : 'java';
  const run = spawnSync(java, ['-version'], { encoding: 'utf8' });
  const major = Number(/version "(\d+)/.exec(`${run.stderr}${run.stdout}`)?.[1]);
  if (run.status !== 0 || Number.isNaN(major)) {
    throw new Error(howToGetKeycloak(NEWEST_VERSION, 'Java is not installed'));
  }
  if (major < 17) {
    throw new Error(howToGetKeycloak(NEWEST_VERSION, `Java ${major} is too old: Keycloak needs 17 or later`));
  }
}

function howToGetKeycloak(version: string, reason: string): string {
  return `Keycloak ${version} cannot be started: ${reason}

Any one of these helps:
  - install a JDK (17 or later) and Maven: the download then happens by itself
      Debian, Ubuntu:  apt-get install openjdk-17-jdk-headless maven
      macOS:           brew install openjdk@21 maven
  - unpack a Keycloak yourself and set KEYCLOAK_HOME to its folder (a JDK is still needed)
  - run it in Docker, with the same realm:
      docker run --rm -p 127.0.0.1:8080:8080 \\
        -v ./packages/testing/testing-realm.json:/opt/keycloak/data/import/testing-realm.json:ro \\
        -e KC_BOOTSTRAP_ADMIN_USERNAME=admin -e KC_BOOTSTRAP_ADMIN_PASSWORD=admin \\
        quay.io/keycloak/keycloak:${version} start-dev --import-realm`;
}

function hasCommand(command: string, ...args: string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}
