import type { Choice } from './choice.ts';
import { frameworkOf, TSX } from './frameworks.ts';
import { rangeOf } from './versions.ts';

const LIBRARY = 'keycloak-guard';
const TESTING = '@keycloak-guard/testing';
const SERVER = '@keycloak-guard/server';
const CLI = '@keycloak-guard/cli';
export const OWN = [LIBRARY, TESTING, SERVER, CLI] as const;

/** The content of package.json. @param own the version of each package of this project, or where its archive is */
export function toManifest(choice: Choice, own: (name: string) => string): string {
  const { framework, language, name, tests } = choice;
  const { dependencies, devDependencies = [], typeScript = TSX } = frameworkOf(framework);
  const isOwn = (one: string) => (OWN as readonly string[]).includes(one);
  const versions = (names: readonly string[]) =>
    Object.fromEntries(
      [...new Set(names)]
        .toSorted()
        .map((one) => (isOwn(one) ? [one, own(one)] : [nameOf(one), rangeOf(one)])),
    );
  // The command line brings the provider and the server along. From archives, each must be named.
  const brought = own(LIBRARY).startsWith('file:') ? OWN.slice(1) : [CLI, ...(tests ? [TESTING] : [])];
  const needed = [LIBRARY, ...dependencies];
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
        ...devDependencies.filter((one) => tests || !one.endsWith('/client')),
        ...(language === 'ts' ? ['@types/node', ...typeScript] : []),
        ...(framework === 'nest' && tests ? JEST : []),
      ].filter((one) => !needed.includes(one)),
    ),
    ...(framework === 'nest' && tests ? { jest: JEST_OPTIONS } : {}),
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

/** What `npm start` runs. */
export function programOf({ language }: Choice): string {
  return language === 'ts' ? 'dist/main.js' : 'src/main.js';
}

function toScripts(choice: Choice): Readonly<Record<string, string>> {
  const { framework, language, tests } = choice;
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
      ...(tests ? { test: toTest(isTypeScript) } : {}),
      build: 'next build',
      start: 'next start',
    };
  if (framework === 'nest')
    return {
      dev: dev('nest start --watch --env-file .env'),
      ...common,
      ...(tests ? { test: 'jest' } : {}),
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
    ...(tests ? { test: toTest(isTypeScript) } : {}),
    ...(builds.length > 0 ? { build: builds.join(' && ') } : {}),
    start: `node --env-file=.env ${programOf(choice)}`,
  };
}

const toTest = (isTypeScript: boolean): string =>
  isTypeScript ? 'node --import tsx --test test/app.test.ts' : 'node --test test/app.test.js';
