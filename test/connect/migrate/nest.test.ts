import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { look, projectOf, runCli } from './migrate-project.ts';

describe('a decorator whose guard does not stand before it', () => {
  const controller = (names: string, on = '') =>
    `import { AuthGuard, ${names}Resource, Roles, Scopes } from 'nest-keycloak-connect';\n@Resource('a') ${on}\nclass A {\n@Roles('b') @Scopes('c') b() {}\n}`;
  const judge = async (t: TestContext, files: Record<string, string>) =>
    (await look(await projectOf(t, files))).findings.flatMap(({ line, blocked, remark }) =>
      [`✗ ${blocked}`, `! ${remark}`]
        .filter((text) => text.includes('Guard'))
        .map((text) => `${text[0]} ${line} ${/No (\w+)/.exec(text)?.[1]}`),
    );
  const main = (text: string) => ({ 'main.ts': text });

  test('is to be changed by hand, once for each guard: the drop-in refuses to start', async (t) => {
    assert.deepEqual(await judge(t, { 'a.ts': controller('') }), ['✗ 2 ResourceGuard', '✗ 4 RoleGuard']);
    const some = controller('RoleGuard, ResourceGuard, ', '@UseGuards(AuthGuard, ResourceGuard)');
    assert.deepEqual(await judge(t, { 'a.ts': some }), ['✗ 4 RoleGuard']);
    const folder = await projectOf(t, { 'a.ts': controller('') });
    const { stdout, code } = await runCli(['migrate', folder]);
    assert.equal(code, 1);
    assert.match(stdout, /\n\d+ uses [^\n]* 2 must be changed by hand\.\n/);
    assert.match(stdout, /\n## Next\n\n1\. Change the places/);
  });

  test('is to be looked at where another guard may read it', async (t) => {
    const own = controller('', '@UseGuards(Mine)');
    assert.deepEqual(await judge(t, { 'a.ts': own }), ['! 2 ResourceGuard', '! 4 RoleGuard']);
    const throttled = main('providers: [{ provide: APP_GUARD, useClass: ThrottlerGuard }]');
    assert.deepEqual(await judge(t, { 'a.ts': controller(''), ...throttled }), [
      '! 2 ResourceGuard',
      '! 4 RoleGuard',
    ]);
  });

  for (const [title, text] of [
    [
      'APP_GUARD',
      '[{ provide: APP_GUARD, useClass: ResourceGuard }, { useClass: RoleGuard, provide: APP_GUARD }]',
    ],
    ['useGlobalGuards', 'app.useGlobalGuards(app.get(RoleGuard), new ResourceGuard(kc));'],
  ] as const) {
    test(`is right where the guard stands before all, by ${title}`, async (t) => {
      assert.deepEqual(await judge(t, { 'a.ts': controller(''), ...main(text) }), []);
    });
  }

  test('is right where a class, a subclass of the guard or a decorator of the application has it', async (t) => {
    const both = controller('RoleGuard, ResourceGuard as Asks, ', '@UseGuards(AuthGuard, RoleGuard, Asks)');
    assert.deepEqual(await judge(t, { 'a.ts': both }), []);
    const mine = controller('RoleGuard, ResourceGuard, ', '@UseGuards(Mine, ResourceGuard)');
    assert.deepEqual(await judge(t, { 'a.ts': `${mine}\nclass Mine extends RoleGuard {}` }), []);
    const composed = controller('RoleGuard, ResourceGuard, ', '@Guarded()');
    const decorator = main(
      'export const Guarded = () => applyDecorators(UseGuards(RoleGuard, ResourceGuard));',
    );
    assert.deepEqual(await judge(t, { 'a.ts': composed, ...decorator }), []);
  });
});

test('the module of Nest: settings that it refuses are marked wherever they stand', async (t) => {
  const settings = "authServerUrl: 'http://localhost', realm: 'a', clientId: 'b'";
  const folder = await projectOf(t, {
    'a.ts': `import { KeycloakConnectModule } from 'nest-keycloak-connect';
KeycloakConnectModule.register({ ${settings} });
KeycloakConnectModule.register({ authServerUrl: 'http://localhost', clientId: 'b' });
KeycloakConnectModule.register({ authServerUrl: 'http://localhost', clientId: 'b', multiTenant: { realmResolver } });
KeycloakConnectModule.register({ ${settings}, realmPublicKey: 'MIIB' });
KeycloakConnectModule.registerAsync({ useFactory: () => { return { ${settings}, verifyTokenAudience: false }; } });
KeycloakConnectModule.register('./keycloak.json');`,
    'b.ts': `import { KeycloakConnectOptionsFactory } from 'nest-keycloak-connect';
class Settings implements KeycloakConnectOptionsFactory {
  createKeycloakConnectOptions() { return { realm: process.env.REALM, clientId: 'b' }; }
}`,
    'keycloak.json':
      '{\n"realm": "a",\n"auth-server-url": "http://localhost",\n"resource": "b",\n"verify-token-audience": false }',
  });
  const { findings } = await look(folder);
  assert.deepEqual(
    findings.filter(({ blocked }) => blocked !== null).map(({ file, line }) => `${file}:${line}`),
    ['a.ts:3', 'a.ts:6', 'b.ts:3', 'keycloak.json:5'],
  );
  const { stdout } = await runCli(['migrate', folder]);
  assert.doesNotMatch(stdout, /verify-token-audience: false` still works/);
});

test('a Nest that is too old for the drop-in is shown', async (t) => {
  const of = (nest: string) =>
    `{\n"dependencies": {\n"nest-keycloak-connect": "1.10.1",\n"@nestjs/common": "${nest}"\n}\n}`;
  const folder = await projectOf(t, {
    'a/package.json': of('^9.4.0'),
    'b/package.json': of('>=10.0.0'),
    'c/package.json': '{ "dependencies": {\n"@nestjs/common": "^7.0.0" } }',
  });
  const shown = (await look(folder)).findings.filter(({ remark }) => remark !== null);
  assert.deepEqual(
    shown.map(({ file, use }) => `${file} ${use}`),
    ['a/package.json "@nestjs/common": "^9.4.0"'],
  );
});

test('TokenValidation.NONE that is only compared with is nothing to change', async (t) => {
  const folder = await projectOf(t, {
    'a.ts': `import { TokenValidation } from 'nest-keycloak-connect';
switch (mode) { case TokenValidation.NONE: throw new Error(); case TokenValidation.ONLINE: break; }
if (mode === TokenValidation.NONE) stop();
if ([TokenValidation.OFFLINE].includes(TokenValidation.NONE)) stop();
export const settings = { tokenValidation: TokenValidation.NONE };
export const chosen = isOpen ? TokenValidation.NONE : TokenValidation.ONLINE;`,
  });
  const blocked = (await look(folder)).findings.filter((one) => one.blocked !== null);
  assert.deepEqual(
    blocked.map(({ line }) => line),
    [5, 6],
  );
});
