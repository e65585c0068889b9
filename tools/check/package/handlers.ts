import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkDeclarations, compile } from './kinds.ts';
import { emptyProject, install, root, write } from './project.ts';

/** The oldest that are promised. With the newest they are compiled by test/types. */
const OLDEST = [
  ...['express@4.10', '@types/express@4.17', 'fastify@5.0.0', 'hono@4.6.0', 'koa@2', '@types/koa@2'],
  ...['@koa/router@12', '@types/koa__router@12', '@hapi/hapi@21.1.0', '@nestjs/common@10', '@nestjs/core@10'],
  ...['reflect-metadata@0.2', 'rxjs@7', 'typescript@5.0', '@types/node@20'],
];

/** Handlers as people have them compile unchanged behind a guard, with old frameworks and an old TypeScript. */
export function checkHandlers(archive: string): void {
  const project = emptyProject('handlers');
  install(project, archive, ...OLDEST);
  const folder = join(root, 'test/types/handlers');
  const files = readdirSync(folder).filter((name) => name.endsWith('.ts'));
  // Programs with `await` at the top are ES modules.
  const written = files.map((name) => name.replace('.ts', '.mts'));
  write(
    project,
    Object.fromEntries(files.map((name, at) => [written[at], readFileSync(join(folder, name), 'utf8')])),
  );
  const options = {
    ...{ target: 'ES2022', module: 'NodeNext', esModuleInterop: true },
    ...{ experimentalDecorators: true, emitDecoratorMetadata: true },
  };
  compile(project, options, written, join(project, 'node_modules/typescript/bin/tsc'));
  checkDeclarations(project, written, { ...options, typeRoots: [join(project, 'node_modules/@types')] });
  process.stdout.write(`Handlers of ${files.length} frameworks compile with old types and TypeScript 5.0.\n`);
}
