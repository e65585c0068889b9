import { join } from 'node:path';
import { emptyProject, FRAMEWORKS, install, root, run, runJest, write } from './project.ts';

/** As Node did before it could require ES modules: what is CommonJS needs no such help. */
const WITHOUT_REQUIRE_ESM = '--no-experimental-require-module';

/**
 * It answers the same in every way of importing. No `await` at the top, which CommonJS does not have; and no `inject`, for
 * which Fastify needs a package that is an ES module alone.
 */
const PROGRAM = `
import Fastify from 'fastify';
import { AuthError, createVerifier, isAuthError, type Principal } from 'keycloak-guard';
import keycloakGuard from 'keycloak-guard/fastify';

const toName = (principal: Principal | null): string => principal?.username ?? '';
const verifier = createVerifier({ serverUrl: 'http://127.0.0.1:9', realm: 'testing', clientId: 'api', onNotice: false });
if (!isAuthError(new AuthError('missing_token', ''))) throw new Error('isAuthError');
const app = Fastify();
app.register(keycloakGuard, { verifier }).after(() => {
  app.get('/me', { onRequest: app.guard() }, (request) => ({ hello: toName(request.principal) }));
});
app.listen({ port: 0 }).then(async (url) => {
  const { status, headers } = await fetch(\`\${url}/me\`);
  await app.close();
  console.log(status, headers.get('www-authenticate'));
});
`;
const ANSWER = '401 Bearer\n';

/** Each room by `import` and by `require`, from TypeScript in each of its ways, and from Jest. */
export function checkKinds(archive: string, rooms: readonly string[]): void {
  const project = emptyProject('kinds');
  install(
    project,
    ...[archive, 'fastify', '@redis/client', 'prom-client', '@opentelemetry/api', 'jest@30', 'typescript@5'],
    ...FRAMEWORKS,
  );
  checkNode(project, rooms);
  checkTypeScript(project, rooms);
  install(project, '@types/node@26.6.7');
  const typeRoots = [join(project, 'node_modules/@types')];
  checkDeclarations(project, ['all.mts'], { module: 'Node16', typeRoots });
  checkJest(project, rooms);
  process.stdout.write(`${rooms.length} rooms by import, by require, from TypeScript, and from Jest.\n`);
}

function checkNode(project: string, rooms: readonly string[]): void {
  const check = (value: string, room: string) =>
    `if (Object.keys(${value}).length === 0) throw new Error('${room}');`;
  write(project, {
    'all.mjs': rooms.map((room) => check(`await import('${room}')`, room)).join('\n'),
    'all.cjs': rooms.map((room) => check(`require('${room}')`, room)).join('\n'),
  });
  run(project, 'node', 'all.mjs');
  run(project, 'node', WITHOUT_REQUIRE_ESM, 'all.cjs');
}

function checkTypeScript(project: string, rooms: readonly string[]): void {
  const namesOf = (room: string) => room.replace(/\W/g, '_');
  const all = rooms
    .map((room) => `import * as ${namesOf(room)} from '${room}';\nconsole.log(${namesOf(room)});`)
    .join('\n');
  for (const extension of ['ts', 'cts', 'mts'])
    write(project, { [`all.${extension}`]: all, [`program.${extension}`]: PROGRAM });

  const files = (extension: string) => [`all.${extension}`, `program.${extension}`];
  for (const module of ['Node16', 'Node18', 'NodeNext'])
    compile(project, { module }, [...files('cts'), ...files('mts')]);
  compile(project, { module: 'ESNext', moduleResolution: 'Bundler' }, files('ts'));
  // As most projects in CommonJS have it, which know nothing of `exports`: TypeScript 7 no longer does this.
  compile(
    project,
    {
      ...{ module: 'CommonJS', moduleResolution: 'Node10', esModuleInterop: true },
      ...{ noEmit: false, outDir: 'written' },
    },
    files('ts'),
    join(project, 'node_modules/typescript/bin/tsc'),
  );
  expectAnswer('CommonJS', run(project, 'node', WITHOUT_REQUIRE_ESM, 'written/program.js'));
  run(project, 'node', WITHOUT_REQUIRE_ESM, 'written/all.js');
  compile(project, { module: 'NodeNext', noEmit: false, outDir: 'written' }, files('mts'));
  expectAnswer('ES modules', run(project, 'node', 'written/program.mjs'));
}

/** As an application without `skipLibCheck` reads them. Those of other packages may be wrong. */
export function checkDeclarations(project: string, files: readonly string[], options: object): void {
  write(project, { 'wrong.mts': "export const wrong: number = '';" });
  let said = '';
  try {
    const tsc = join(project, 'node_modules/typescript/bin/tsc');
    compile(project, { ...options, skipLibCheck: false }, [...files, 'wrong.mts'], tsc);
  } catch (error) {
    said = (error as { stdout?: string }).stdout ?? String(error);
  }
  const errors = said.split('\n').filter((line) => /(?:^|\/)(?:wrong\.mts|keycloak-guard\/.*)\(/.test(line));
  if (errors.length !== 1)
    throw new Error(`not wrong.mts alone is wrong in the eyes of TypeScript:\n${said}`);
}

function expectAnswer(kind: string, answer: string): void {
  if (answer !== ANSWER) throw new Error(`${kind}: the program says ${answer}`);
}

/** Its loader is its own and can require CommonJS alone. */
function checkJest(project: string, rooms: readonly string[]): void {
  const cases = rooms.map(
    (room) => `test('${room}', () => expect(Object.keys(require('${room}')).length).toBeGreaterThan(0));`,
  );
  write(project, {
    'all.test.js': `${cases.join('\n')}
test('an error of another copy is known', async () => {
  const { AuthError, isAuthError } = require('keycloak-guard');
  jest.resetModules();
  const other = require('keycloak-guard');
  expect(other.AuthError).not.toBe(AuthError);
  expect(other.isAuthError(new AuthError('missing_token', ''))).toBe(true);
  expect(isAuthError(new Error('missing_token'))).toBe(false);
});`,
  });
  runJest(project, '--testMatch', '**/all.test.js');
}

export function compile(
  project: string,
  options: object,
  files: readonly string[],
  tsc = join(root, 'node_modules/typescript/bin/tsc'),
): void {
  write(project, {
    'tsconfig.json': JSON.stringify({
      compilerOptions: {
        ...{ target: 'ES2023', strict: true, noEmit: true, skipLibCheck: true, rootDir: '.' },
        ...{ types: ['node'], typeRoots: [join(root, 'node_modules/@types')] },
        ...options,
      },
      files,
    }),
  });
  run(root, 'node', tsc, '-p', project);
}
