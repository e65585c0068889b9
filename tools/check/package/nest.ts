import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { withoutSharedSections } from '../../docs/shared-sections.ts';
import { emptyProject, install, root, run, runJest, write } from './project.ts';

/** The example, which is what `nest new` makes and a few lines more, with the packed packages; its tests by Jest and by Vitest. */
export function checkNest(...archives: string[]): void {
  const project = emptyProject('nest');
  cpSync(join(root, 'examples/nest'), project, { recursive: true });
  writeBlocks(project);
  install(project, ...archives, '@nestjs/config@4', '@nestjs/microservices@11', '@nestjs/websockets@11');
  run(project, 'npx', '--no-install', 'tsc', '--noEmit', '-p', '.');
  runJest(project);
  run(project, 'npx', '--no-install', 'vitest', 'run');
  // What nest new wrote before.
  const module = { module: 'commonjs', moduleResolution: 'node10', ignoreDeprecations: '5.0' };
  write(project, {
    'tsconfig.before.json': JSON.stringify({ extends: './tsconfig.json', compilerOptions: module }),
  });
  run(project, 'npx', '--no-install', 'tsc', '--noEmit', '-p', 'tsconfig.before.json');
  write(project, {
    'jest.before.json': JSON.stringify({
      testRegex: '\\.spec\\.ts$',
      transform: { '\\.ts$': ['ts-jest', { tsconfig: 'tsconfig.before.json' }] },
    }),
  });
  runJest(project, '--config', 'jest.before.json');
  process.stdout.write(
    'The example for NestJS runs with the packed library, and so do its tests by Jest and by Vitest.\n',
  );
}

/** Each block of the pages is a file by itself, and TypeScript compiles it. */
function writeBlocks(project: string): void {
  const pages = ['frameworks/nest.md', 'from-nest-keycloak-connect.md']
    .map((page) => withoutSharedSections(readFileSync(join(root, 'docs', page), 'utf8')))
    .join('\n');
  const blocks = [...pages.matchAll(/^```ts\n([\s\S]*?)^```/gm)].map(([, block = '']) => block);
  if (blocks.length === 0) throw new Error('the pages show no program');
  write(project, Object.fromEntries(blocks.map((block, i) => [`src/page-${i}.ts`, block])));
}
