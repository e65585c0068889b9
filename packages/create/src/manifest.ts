import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { frameworkOf, TSX } from './frameworks.ts';
import { type Choice, hasRedis, UsageError } from './options.ts';
import { rangeOf } from './versions.ts';

const LIBRARY = 'keycloak-guard';
const TESTING = '@keycloak-guard/testing';
const SERVER = '@keycloak-guard/server';
const CLI = '@keycloak-guard/cli';
const OWN = [LIBRARY, TESTING, SERVER, CLI] as const;

/** The content of package.json. @param own the version of each package of this project, or where its archive is */
export function toManifest(choice: Choice, own: (name: string) => string): string {
  const { framework, language, name } = choice;
  const { dependencies, devDependencies = [], typeScript = TSX } = frameworkOf(framework);
  const isOwn = (one: string) => (OWN as readonly string[]).includes(one);
  const versions = (names: readonly string[]) =>
    Object.fromEntries(
      [...new Set(names)]
        .toSorted()
        .map((one) => (isOwn(one) ? [one, own(one)] : [nameOf(one), rangeOf(one)])),
    );
  // The command line brings the provider and the server along. From archives, each must be named.
  const brought = own(LIBRARY).startsWith('file:') ? OWN.slice(1) : [CLI, TESTING];
  // The service brings it along.
  const redis = hasRedis(choice) && framework !== 'service' ? ['@redis/client'] : [];
  const needed = [LIBRARY, ...dependencies, ...redis];
  const manifest = {
    name,
    version: '0.1.0',
    private: true,
    ...(framework === 'nest' ? {} : { type: 'module' }),
    engines: { node: '>=20.19' },
    scripts: toScripts(choice),
    dependencies: versions(needed),
    devDependencies: versions(
      [
        ...brought,
        ...devDependencies,
        ...(language === 'ts' ? ['@types/node', ...typeScript] : []),
        ...(framework === 'nest' ? JEST : []),
      ].filter((one) => !needed.includes(one)),
    ),
    ...(framework === 'nest' ? { jest: JEST_OPTIONS } : {}),
  };
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

/** `typescript5` is an older version of `typescript`. */
const nameOf = (entry: string): string => entry.replace(/5$/, '');

const JEST = ['@nestjs/testing', '@types/jest', '@types/supertest', 'jest', 'supertest', 'ts-jest'];
const JEST_OPTIONS = {
  moduleFileExtensions: ['js', 'ts'],
  testRegex: '\\.spec\\.ts$',
  transform: { '\\.ts$': 'ts-jest' },
  testEnvironment: 'node',
};

/** The program of `npm start`. */
export function programOf({ language }: Choice): string {
  return language === 'ts' ? 'dist/main.js' : 'src/main.js';
}

function toScripts(choice: Choice): Readonly<Record<string, string>> {
  const { framework, language } = choice;
  const { hasPage = false } = frameworkOf(framework);
  const isTypeScript = language === 'ts';
  const dev = (command: string) => `keycloak-guard dev --realm-file realm.json -- ${command}`;
  const common = {
    ...(framework === 'mcp' ? {} : { token: 'keycloak-guard token --realm-file realm.json' }),
    ...(isTypeScript ? { check: 'tsc --noEmit' } : {}),
  };
  if (framework === 'next')
    return {
      dev: dev('next dev'),
      ...common,
      ...(isTypeScript ? { check: 'next typegen && tsc --noEmit' } : {}),
      test: toTest(isTypeScript),
      build: 'next build',
      // Next.js reads .env by itself, but too late for PORT.
      start: 'node --env-file=.env node_modules/next/dist/bin/next start',
    };
  if (framework === 'nest')
    return {
      dev: dev('nest start --watch --env-file .env'),
      ...common,
      test: 'jest',
      build: 'nest build',
      start: 'node --env-file=.env dist/main.js',
    };
  const watch = isTypeScript
    ? 'tsx watch --env-file=.env src/main.ts'
    : 'node --env-file=.env --watch src/main.js';
  const builds = [
    ...(isTypeScript ? ['tsc -p tsconfig.build.json'] : []),
    ...(hasPage ? ['vite build'] : []),
  ];
  return {
    dev: dev(hasPage ? `concurrently -k -n api,page "${watch}" "vite"` : watch),
    ...common,
    test: toTest(isTypeScript),
    ...(builds.length > 0 ? { build: builds.join(' && ') } : {}),
    start: `node --env-file=.env ${programOf(choice)}`,
  };
}

const toTest = (isTypeScript: boolean): string =>
  isTypeScript ? 'node --import tsx --test test/app.test.ts' : 'node --test test/app.test.js';

/** Where the archives are in the new folder. So it can be moved, and built in a container. */
const VENDOR = 'vendor';

/** Archives of the packages, as `npm run pack` makes them. @throws {UsageError} if one is missing */
export function findArchives(folder: string, version: string) {
  const files = new Map<string, string>();
  for (const name of OWN) files.set(name, `${name.replace('@', '').replace('/', '-')}-${version}.tgz`);
  const there = new Set(readNames(folder));
  const missing = [...files.values()].filter((file) => !there.has(file));
  if (missing.length > 0)
    throw new UsageError(
      `--packages: ${folder} lacks ${missing.join(', ')}. In the clone, "npm run pack" makes them`,
    );
  return {
    own: (name: string) => `file:${VENDOR}/${files.get(name)}`,
    files: () =>
      [...files.values()].map((file) => [`${VENDOR}/${file}`, readFileSync(join(folder, file))] as const),
  };
}

function readNames(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    throw new UsageError(`--packages: there is no folder ${folder}`);
  }
}
