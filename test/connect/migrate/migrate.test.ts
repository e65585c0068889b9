import assert from 'node:assert/strict';
import { readFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { toMarkdown } from '../../../packages/connect/src/migrate/report.ts';
import { look, projectOf, runCli } from './migrate-project.ts';

/** Line, use, and whether it is to be done by hand. */
async function usesOf(t: TestContext, text: string, file = 'app.ts') {
  const { findings } = await look(await projectOf(t, { [file]: text }));
  return findings.map(({ line, use, blocked }) => [line, use, blocked !== null] as const);
}

const CONNECT = `const Keycloak = require('keycloak-connect');
const keycloak = new Keycloak({ store }, 'keycloak.json');
`;

describe('migrate, of keycloak-connect', () => {
  test('says of permissions that the client needs its secret, and another resource server its own', async (t) => {
    const folder = await projectOf(t, {
      'a.js': `${CONNECT}app.get('/', keycloak.enforcer('album:view', { resource_server_id: 'other' }), h);`,
    });
    const { stdout } = await runCli(['migrate', folder]);
    assert.match(stdout, /Keycloak is asked about resources by id, not by name[^\n]*resource_server_secret/);
  });

  test('leaves to the hand what was a hole', async (t) => {
    const uses = await usesOf(
      t,
      `${CONNECT}app.get('/1', keycloak.protect(['admin', 'user']), h);
app.get('/2', keycloak.protect(async (token) => check(token)), h);
app.get('/3', keycloak.enforcer([]), h);
app.get('/4', keycloak.protect({ role: 'admin' }), h);`,
    );
    assert.deepEqual(
      uses.slice(2).map(([line, , byHand]) => [line, byHand]),
      [3, 4, 5, 6].map((line) => [line, true]),
    );
  });

  test('knows the object in other files, by whatever name it has, and takes nothing else for it', async (t) => {
    const folder = await projectOf(t, {
      'auth.js': `import Adapter from 'keycloak-connect';
let sso;
export function init() { sso = new Adapter({}, {}); return sso; }
class Holder { guardian = new Adapter({}) }
export { sso };`,
      'routes.ts': `import { sso } from '../../cli/auth';
router.get('/', sso.protect('admin'), (req: any, res) => res.json(req.kauth?.grant?.access_token?.content.email));
this.guardian.checkSso();
csrf.protect();
shield.middleware({});`,
    });
    const { findings } = await look(folder);
    assert.deepEqual(
      findings.filter(({ file }) => file === 'routes.ts').map(({ use }) => use),
      ["sso.protect('admin')", 'this.guardian.checkSso()'],
    );
  });

  test('finds it by import, require, import(), re-export, a type, a mock, and a file inside the package', async (t) => {
    const uses = await usesOf(
      t,
      `import Keycloak, { type Token } from 'keycloak-connect';
import legacy = require('keycloak-connect');
export * from "keycloak-connect";
const later = await import(\`keycloak-connect\`);
jest.mock('keycloak-connect');
type Grant = import('keycloak-connect').Grant;
const manager = require('keycloak-connect/middleware/auth-utils/grant-manager');
const other = require('keycloak-connector');`,
    );
    assert.deepEqual(
      uses.map(([line, , byHand]) => [line, byHand]),
      [...[1, 2, 3, 4, 5, 6].map((line) => [line, false]), [7, true]],
    );
  });

  test('finds it by every other way to load or to mock it, and names what it leaves as it is', async (t) => {
    const folder = await projectOf(t, {
      'app.mjs': `import { createRequire } from 'node:module';
const Keycloak = createRequire(import.meta.url)('keycloak-connect');
const old = module.require('keycloak-connect');
jest.setMock('keycloak-connect', {});
jest.createMockFromModule('keycloak-connect');
vi.importMock('keycloak-connect');
td.replace('keycloak-connect');
mockRequire('keycloak-connect', {});
mock.module('keycloak-connect', {});
const app = proxyquire('./app', { 'keycloak-connect': stub });
const name = 'keycloak-connect';
describe('of keycloak-connect', () => {});`,
    });
    const { findings, edits } = await look(folder);
    assert.deepEqual([edits.length, new Set(edits.map(({ text }) => text)).size], [8, 1]);
    assert.deepEqual(
      findings.filter(({ remark }) => /It stays as it is/.test(remark ?? '')).map(({ line }) => line),
      [10, 11],
    );
  });

  test('reads a part of the application that is called as what others build', async (t) => {
    const folder = await projectOf(t, {
      'package.json': '{}',
      'vendor/third.js': CONNECT,
      'dist/app.js': CONNECT,
      'src/vendor/routes.js': `${CONNECT}app.get('/', keycloak.protect(['seller']), h);`,
      'src/build/plan.js': CONNECT,
      'packages/a/package.json': '{}',
      'packages/a/build/index.js': CONNECT,
      'packages/a/src/out/orders.js': CONNECT,
    });
    const { edits, findings } = await look(folder);
    assert.deepEqual(
      edits.map(({ file }) => file),
      ['packages/a/src/out/orders.js', 'src/build/plan.js', 'src/vendor/routes.js'],
    );
    assert.deepEqual(
      findings.filter(({ blocked }) => blocked !== null).map(({ file }) => file),
      ['src/vendor/routes.js'],
    );
  });

  test('knows a method by its name in brackets, and the object under a second name', async (t) => {
    const uses = await usesOf(
      t,
      `${CONNECT}const sso = getKeycloak();
app.get('/1', keycloak['protect'](['a']), h);
app.get('/2', sso.protect(['a']), h);`,
    );
    assert.deepEqual(
      uses.slice(2).map(([line, , byHand]) => [line, byHand]),
      [4, 5].map((line) => [line, true]),
    );
  });

  test('tells what will be different, and where', async (t) => {
    const folder = await projectOf(t, {
      'app.js': `${CONNECT}app.use(keycloak.middleware());
app.get('/', keycloak.protect('realm:a:b'), h);
Keycloak.prototype.accessDenied = deny;`,
      'keycloak.json': '{\n  "realm": "a",\n  "resource": "b",\n  "realm-public-key": "MIIB"\n}',
    });
    const { findings } = await look(folder);
    const differing = findings.flatMap(({ file, line, differs }) =>
      differs.map((id) => `${file}:${line} ${id}`),
    );
    assert.deepEqual(differing, [
      'app.js:2 audience',
      'app.js:2 login-bound',
      'app.js:3 logout-here',
      'app.js:3 admin-messages',
      'app.js:4 status-401',
      'app.js:4 role-colons',
      'app.js:5 status-401',
      'keycloak.json:1 audience',
      'keycloak.json:4 pinned-key',
    ]);
  });

  test('shows no secret that is written into the program', async (t) => {
    const folder = await projectOf(t, {
      'app.js': `const Keycloak = require('keycloak-connect');
const keycloak = new Keycloak({}, { realm: 'a', credentials: { secret: 'hunter2' }, 'realm-public-key': 'hunter2' });
keycloak.protect(() => keycloak.grantManager.obtainDirectly('alice', 'hunter2'));
const other = new Keycloak({}, { credentials: { secret: process.env.KC_SECRET || 'hunter2' } });
const third = new Keycloak({}, { 'auth-server-url': 'http://admin:hunter2@x', clientSecretOld: \`\${'hunter2'}\` });
const text = new Keycloak({}, JSON.parse('{ "credentials": { "secret": "hunter2" } }'));`,
    });
    const analysis = await look(folder);
    assert.equal(analysis.findings.length, 6);
    assert.match(JSON.stringify(analysis), /process\.env\.KC_SECRET \|\| '…'/);
    assert.doesNotMatch(JSON.stringify(analysis) + toMarkdown(analysis, undefined), /hunter2/);
  });
});

describe('migrate, of nest-keycloak-connect', () => {
  test('lists decorators, guards and settings, by whatever name they were imported', async (t) => {
    const uses = await usesOf(
      t,
      `import { AuthGuard, Roles as Allow, TokenValidation, AuthenticatedUser, KeycloakConnectModule } from 'nest-keycloak-connect';
import * as kc from 'nest-keycloak-connect';
@Module({ imports: [KeycloakConnectModule.register({ ...where, secret: 'x', tokenValidation: TokenValidation.NONE })],
  providers: [{ provide: APP_GUARD, useClass: AuthGuard }] })
class AppModule {}
@Allow({ roles: ['user'] })
class Orders {
  @kc.Public()
  list(@AuthenticatedUser() user: any) { return { Roles: 1, AuthGuard: user.AuthGuard }; }
}`,
    );
    assert.deepEqual(
      uses.slice(2).map(([line, use, byHand]) => [line, use.slice(0, 30), byHand]),
      [
        [3, 'KeycloakConnectModule.register', false],
        [3, 'TokenValidation.NONE', true],
        [4, 'AuthGuard', false],
        // APP_GUARD is AuthGuard alone.
        [6, "@Allow({ roles: ['user'] })", true],
        [8, '@kc.Public()', false],
        [9, '@AuthenticatedUser()', false],
      ],
    );
  });

  test('leaves to the hand what the drop-in refuses at the start', async (t) => {
    const uses = await usesOf(
      t,
      `import { KeycloakConnectModule, Roles } from 'nest-keycloak-connect';
KeycloakConnectModule.registerAsync({ useFactory: () => ({ ...where, verifyTokenAudience: false }) });
KeycloakConnectModule.register({ ...where, verifyTokenAudience: true });
KeycloakConnectModule.register({ authServerUrl: 'http://localhost/', clientId: 'shop' });
class Orders { @Roles() list() {} @Roles('a') show() {} @Roles({ roles: [] }) all() {} }`,
    );
    assert.deepEqual(
      uses.slice(1).map(([line, , byHand]) => [line, byHand]),
      [
        [2, true],
        [3, false],
        [4, true],
        [5, true],
        [5, false],
        [5, true],
      ],
    );
  });

  test('says of scopes without a resource that the drop-in does not admit what the package did', async (t) => {
    const judge = async (text: string) => {
      const folder = await projectOf(t, { 'a.ts': text });
      const { findings } = await look(folder);
      return findings
        .filter(({ use }) => use.startsWith('@Scopes'))
        .map(({ line, blocked, remark }) => [line, blocked !== null, remark !== null]);
    };
    const bare = "import { ResourceGuard, Scopes } from 'nest-keycloak-connect';\n";
    assert.deepEqual(await judge(`${bare}class A { @Scopes('View') read() {} }`), [[2, true, true]]);
    assert.deepEqual(await judge(`${bare}class A extends B { @Scopes('View') read() {} }`), [
      [2, false, false],
    ]);
    const both = "import { Resource as Thing, ResourceGuard, Scopes } from 'nest-keycloak-connect';\n";
    assert.deepEqual(
      await judge(
        `${both}@Thing('a')
class A { @Scopes('View') read() {} }
class B { @Scopes('View') read() {} @Thing('b') @Scopes('View') write() {} }
const Both = () => applyDecorators(Thing('c'), Scopes('View'));`,
      ),
      [
        [3, false, false],
        [4, false, true],
        [4, false, false],
      ],
    );
  });

  test('says of declarations that add to the types of a package that they must go', async (t) => {
    const folder = await projectOf(t, {
      'a.ts':
        "import { Token } from 'keycloak-connect';\ndeclare module 'keycloak-connect' { interface Token { content: any } }",
      'b.d.ts': "declare module 'nest-keycloak-connect';\ndeclare module 'keycloak-js' {}",
    });
    const { findings } = await look(folder);
    assert.deepEqual(
      findings.map(({ file, line, use, blocked, remark }) => [
        file,
        line,
        use,
        blocked !== null,
        remark !== null,
      ]),
      [
        ['a.ts', 1, "import { Token } from 'keycloak-connect';", false, false],
        ['a.ts', 2, "declare module 'keycloak-connect'", true, false],
        ['b.d.ts', 1, "declare module 'nest-keycloak-connect';", false, true],
      ],
    );
  });

  test('says of clients what is so for this package', async (t) => {
    const folder = await projectOf(t, {
      'a.ts': `import { AuthGuard, KeycloakConnectModule } from 'nest-keycloak-connect';
KeycloakConnectModule.register({ ...where });
const guards = [AuthGuard];`,
    });
    const { stdout } = await runCli(['migrate', folder]);
    assert.match(stdout, /Tokens must be for this API[^\n]*verifier: \{ audience: 'account' \}/);
    assert.doesNotMatch(stdout, /verify-token-audience|accessDenied/);
    assert.match(stdout, /`detail`/);
  });
});

describe('keycloak-guard migrate', () => {
  const FILES = {
    'package.json': `{\r\n\t"dependencies": {\r\n\t\t"express": "^5.0.0",\r\n\t\t"keycloak-connect": "^26.1.1"\r\n\t}\r\n}\r\n`,
    'src/app.js': `${CONNECT}app.get('/', keycloak.protect(), h);\n`,
    'node_modules/other/index.js': `require('keycloak-connect');`,
    'vendor/keycloak-guard-0.1.0.tgz': '',
    'vendor/keycloak-guard-connect-0.1.0.tgz': '',
  };

  test('writes nothing unless it is told to, and then no more than it must', async (t) => {
    const folder = await projectOf(t, FILES);
    const read = async () =>
      Promise.all(Object.keys(FILES).map((file) => readFile(join(folder, file), 'utf8')));
    const listed = await runCli(['migrate', folder]);
    assert.equal(listed.code, 0, listed.stderr);
    assert.match(
      listed.stdout,
      /^# From keycloak-connect to keycloak-guard\n\n4 uses of keycloak-connect in 2 files\. Nothing must be changed by hand\.\n/,
    );
    assert.deepEqual(await read(), Object.values(FILES));

    const written = await runCli(['migrate', folder, '--write', join(folder, 'vendor')]);
    assert.equal(written.code, 0, written.stderr);
    assert.match(written.stdout, /\n## Next\n\n1\. Install it as usual/);
    const [manifest, app, other] = await read();
    assert.match(
      manifest ?? '',
      /^\{\r\n\t"dependencies": \{\r\n\t\t"@keycloak-guard\/connect": "file:vendor\/keycloak-guard-connect-0\.1\.0\.tgz",\r\n\t\t"express": "\^5\.0\.0",\r\n\t\t"keycloak-guard": "file:vendor\/keycloak-guard-0\.1\.0\.tgz"\r\n\t\}\r\n\}\r\n$/,
    );
    assert.equal(app, FILES['src/app.js'].replace('keycloak-connect', '@keycloak-guard/connect'));
    assert.equal(other, FILES['node_modules/other/index.js']);

    const again = await runCli(['migrate', folder]);
    assert.match(again.stdout, /^Nothing here uses keycloak-connect/);
  });

  test('ends with 1 where something is left to the hand, and with 2 where it is not told what to look at', async (t) => {
    const folder = await projectOf(t, { 'a.js': `${CONNECT}app.get('/', keycloak.protect(['a']), h);` });
    assert.equal((await runCli(['migrate', folder])).code, 1);
    assert.equal((await runCli(['migrate', join(folder, 'nowhere')])).code, 2);
    assert.equal((await runCli(['migrate', '--wirte', folder])).code, 2);
    assert.equal((await runCli(['migrate', folder, '--url', 'http://127.0.0.1:9'])).code, 2);
    const where = ['--realm', 'r', '--client-id', 'c', '--admin-user', 'admin'];
    const secret = await runCli(['migrate', folder, '--url', 'http://admin:s3cret@127.0.0.1:9', ...where], {
      KEYCLOAK_ADMIN_PASSWORD: 'admin',
    });
    assert.equal(secret.code, 2);
    assert.match(secret.stderr, /--url must be/);
    assert.doesNotMatch(secret.stdout + secret.stderr, /s3cret/);
  });

  test('follows no link, and says which file it could not read', async (t) => {
    const folder = await projectOf(t, {
      'broken.ts': 'const keycloak = {{{{ ]',
      'a/b.js': CONNECT,
      'a/keycloak.json': '{ "realm": "shop", "credentials": { "secret": CLIENT_SECRET } }',
    });
    await symlink(folder, join(folder, 'a/round'));
    const { stdout, code } = await runCli(['migrate', folder]);
    assert.equal(code, 1);
    assert.match(stdout, /\n2 uses of keycloak-connect in 1 file\. 2 files could not be read\.\n/);
    assert.match(stdout, /\n- `broken\.ts` is not JavaScript/);
    assert.match(stdout, /\n- `a\/keycloak\.json` is not JSON/);
    assert.doesNotMatch(stdout, /round/);
    const alone = await projectOf(t, { 'broken.ts': 'const keycloak = {{{{ ]' });
    const unread = await runCli(['migrate', alone]);
    assert.equal(unread.code, 1);
    assert.match(
      unread.stdout,
      /^Nothing that could be read uses [^\n]*\n\n## Not read\n\n- `broken\.ts`[^\n]*\n$/,
    );
  });
});
