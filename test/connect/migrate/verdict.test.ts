import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Keycloak, type KeycloakConfig } from '../../../packages/connect/src/index.ts';
import { EXPORTS } from '../../../packages/connect/src/migrate/imports.ts';
import { OptionsError } from '../../../packages/guard/src/core/index.ts';
import { look, projectOf, runCli } from './migrate-project.ts';

const keyOf = (bits: number) =>
  generateKeyPairSync('rsa', { modulusLength: bits })
    .publicKey.export({ type: 'spki', format: 'der' })
    .toString('base64');

const SETTINGS = "realm: 'shop', 'auth-server-url': 'http://localhost:8080', resource: 'orders'";
const MADE = `const keycloak = new Keycloak({}, { ${SETTINGS}, credentials: { secret: 's' } });\n`;

/** Programs, and whether the drop-in starts with them: migrate must know that beforehand. */
const PROGRAMS: readonly [title: string, program: string, starts: boolean][] = [
  ['all settings', MADE, true],
  ['no settings', 'new Keycloak({}, {});', false],
  ['no address', "new Keycloak({}, { realm: 'shop', resource: 'orders' });", false],
  [
    'an address of a realm',
    `new Keycloak({}, { ${SETTINGS}, serverUrl: undefined, 'auth-server-url': 'http://x/realms/y' });`,
    false,
  ],
  [
    'settings in a constant',
    `const settings = { ${SETTINGS} };\nnew Keycloak({ scope: 'profile' }, settings);`,
    true,
  ],
  [
    'a constant that lacks the realm',
    "const settings = { resource: 'a', serverUrl: 'http://x' };\nnew Keycloak({}, settings);",
    false,
  ],
  [
    'settings that are spread',
    `const base = { ${SETTINGS} };\nnew Keycloak({}, { ...base, 'bearer-only': true });`,
    true,
  ],
  ['a weak key', `new Keycloak({}, { ${SETTINGS}, 'realm-public-key': '${keyOf(1024)}' });`, false],
  ['a strong key', `new Keycloak({}, { ${SETTINGS}, realmPublicKey: '${keyOf(2048)}' });`, true],
  [
    'store and cookies',
    `new Keycloak({ store: { get() {}, set() {} }, cookies: true }, { ${SETTINGS} });`,
    false,
  ],
  ['a store that is none', `new Keycloak({ store: {} }, { ${SETTINGS} });`, false],
  ['an option that does not exist', `new Keycloak({ cookie: true }, { ${SETTINGS} });`, true],
  ['protect with a role', `${MADE}keycloak.protect('realm:admin');`, true],
  ['protect with a list', `${MADE}keycloak.protect(['admin']);`, false],
  ['protect with a constant list', `${MADE}const roles = ['admin'];\nkeycloak.protect(roles);`, false],
  ['protect with an object', `${MADE}keycloak.protect({ role: 'admin' });`, false],
  ['protect with an empty string', `${MADE}keycloak.protect('');`, false],
  ['protect with null', `${MADE}keycloak.protect(null);`, false],
  ['protect with undefined', `${MADE}keycloak.protect(undefined);`, true],
  [
    'protect with a function',
    `${MADE}function isAdmin(token) { return token.hasRole('a'); }\nkeycloak.protect(isAdmin);`,
    true,
  ],
  [
    'protect with an async function',
    `${MADE}const isAdmin = async () => true;\nkeycloak.protect(isAdmin);`,
    false,
  ],
  [
    'a function that hands on a role',
    `${MADE}const need = (role) => keycloak.protect(role);\nneed('admin');`,
    true,
  ],
  [
    'a function that hands on a list',
    `${MADE}function need(role) { return keycloak.protect(role); }\nneed(['a', 'b']);`,
    false,
  ],
  [
    'a function of many roles',
    `${MADE}const need = (...roles) => keycloak.protect(roles);\nneed('a', 'b');`,
    false,
  ],
  ['a bound method', `${MADE}const need = keycloak.protect.bind(keycloak);\nneed(['a']);`, false],
  [
    'a method that hands on a list',
    `${MADE}const guards = { need(role) { return keycloak.protect(role); } };\nguards.need(['a']);`,
    false,
  ],
  ['enforcer with a permission', `${MADE}keycloak.enforcer('item:read');`, true],
  ['enforcer without one', `${MADE}keycloak.enforcer();`, false],
  ['enforcer with an empty list', `${MADE}keycloak.enforcer([]);`, false],
  ['enforcer with a number in the list', `${MADE}keycloak.enforcer(['item', 7]);`, false],
  ['enforcer with another mode', `${MADE}keycloak.enforcer('item', { response_mode: 'decision' });`, false],
  ['enforcer of this client', `${MADE}keycloak.enforcer('item', { resource_server_id: 'orders' });`, true],
  ['enforcer of another client', `${MADE}keycloak.enforcer('item', { resource_server_id: 'stock' });`, false],
  [
    'enforcer with its secret',
    `${MADE}keycloak.enforcer('item', { resource_server_id: 'stock', resource_server_secret: 's' });`,
    true,
  ],
  ['enforcer with an unknown option', `${MADE}keycloak.enforcer('item', { mode: 'token' });`, true],
  ['middleware', `${MADE}keycloak.middleware({ logout: '/out', admin: '/' });`, true],
  ['middleware with an unknown option', `${MADE}keycloak.middleware({ protected: '/resource' });`, true],
  ['middleware with a wrong path', `${MADE}keycloak.middleware({ logout: 'out' });`, false],
];

/** Runs a program with the drop-in. */
function starts(program: string): boolean {
  class Quiet extends Keycloak {
    constructor(options: object, config: KeycloakConfig) {
      super({ ...options, onNotice: false, timeoutMs: 100 }, config);
    }
  }
  try {
    new Function('Keycloak', program)(Quiet);
    return true;
  } catch (error) {
    assert.ok(error instanceof OptionsError || /not both/.test(String(error)), String(error));
    return false;
  }
}

describe('migrate knows beforehand whether the drop-in starts', () => {
  for (const [title, program, expected] of PROGRAMS) {
    test(`${title}: ${expected ? 'starts' : 'does not'}`, async (t) => {
      assert.equal(starts(program), expected, 'the drop-in itself');
      const folder = await projectOf(t, {
        'app.js': `const Keycloak = require('keycloak-connect');\n${program}`,
      });
      const blocked = (await look(folder)).findings.filter((one) => one.blocked !== null);
      assert.equal(blocked.length === 0, expected, JSON.stringify(blocked));
    });
  }
});

test('migrate judges the settings in a keycloak.json, and leaves what the environment says to the environment', async (t) => {
  const folder = await projectOf(t, {
    'app.js': "const keycloak = new (require('keycloak-connect'))({});",
    'good/keycloak.json':
      // biome-ignore lint/suspicious/noTemplateCurlyInString: so it stands in keycloak.json
      '{ "realm": "${env.REALM}", "resource": "a", "auth-server-url": "${env.URL:http://localhost}" }',
    'weak/keycloak.json': `{\n"realm": "a",\n"resource": "b",\n"auth-server-url": "http://localhost",\n"realm-public-key": "${keyOf(1024)}" }`,
    'lacking/keycloak.json': '{ "realm": "a", "resource": "b" }',
  });
  const blocked = (await look(folder)).findings.filter((one) => one.blocked !== null);
  assert.deepEqual(
    blocked.map(({ file, line, use }) => `${file}:${line} ${use}`),
    ['lacking/keycloak.json:1 no "auth-server-url"', 'weak/keycloak.json:5 "realm-public-key": …'],
  );
});

test('migrate finds settings in a file of any name, and says where a file is missing', async (t) => {
  const app =
    "const Keycloak = require('keycloak-connect');\nconst keycloak = new Keycloak({}, './config/sso.json');";
  const alone = (await look(await projectOf(t, { 'app.js': app }))).findings;
  assert.match(alone.map(({ remark }) => remark).join(''), /has no such file/);
  const folder = await projectOf(t, {
    'app.js': app,
    'config/sso.json': '{\n"realm": "a",\n"auth-server-url": "localhost:8080",\n"resource": "b" }',
    'data.json': '{ "realm": "a" }',
  });
  const { findings } = await look(folder);
  assert.deepEqual(
    findings.filter(({ blocked }) => blocked !== null).map(({ file, line }) => `${file}:${line}`),
    ['config/sso.json:3'],
  );
  assert.deepEqual(
    findings.filter(({ remark }) => remark !== null),
    [],
  );
});

test('migrate marks a list in a file that does not mention Keycloak', async (t) => {
  const folder = await projectOf(t, {
    'auth.js': `const Keycloak = require('keycloak-connect');\n${MADE}exports.need = (role) => keycloak.protect(role);`,
    'routes.js':
      "const { need } = require('./auth');\napp.get('/', need('a'));\napp.get('/', need(['a', 'b']));",
  });
  const blocked = (await look(folder)).findings.filter((one) => one.blocked !== null);
  assert.deepEqual(
    blocked.map(({ file, line, use }) => `${file}:${line} ${use}`),
    ["routes.js:3 need(['a', 'b'])"],
  );
});

test('migrate shows what has no effect, and what only the running program knows, and ends with 0', async (t) => {
  const folder = await projectOf(t, {
    'app.js': `const Keycloak = require('keycloak-connect');\n${MADE}keycloak.middleware({ protected: '/x' });
app.get('/', keycloak.protect(config.role));
app.get('/', keycloak.protect(\`realm:\${config.role}\`));
app.get('/', keycloak.enforcer(config.permission));`,
  });
  const { stdout, code } = await runCli(['migrate', folder]);
  assert.equal(code, 0);
  assert.match(stdout, /\n6 uses of keycloak-connect in 1 file\. Nothing must be changed by hand\.\n/);
  assert.deepEqual(
    [...stdout.matchAll(/^- \[ \] `app\.js:(\d+)`/gm)].map(([, line]) => line),
    ['3', '4', '6'],
  );
  assert.match(stdout, /keycloak\.middleware ignores protected/);
  assert.match(
    stdout,
    /\n## Next\n\n1\. `npx @keycloak-guard\/connect migrate --write <folder>` changes 1 import in 1 file and `package\.json`/,
  );
  assert.match(stdout, /\n2\. Install it as usual/);
});

test('an application that has no logins is not told about logins', async (t) => {
  const about = /login|sign a user out|cookies: true/;
  const app = (options: string, settings: string) => ({
    'app.js': `const Keycloak = require('keycloak-connect');
const keycloak = new Keycloak(${options}, { ${SETTINGS}${settings} });\nkeycloak.middleware();`,
  });
  for (const [options, settings, isTold] of [
    ['{ store }', '', true],
    ['{ cookies: true }', '', true],
    ['{ store }', ", 'bearer-only': true", false],
    ['{ store }', ", bearerOnly: 'true'", false],
    ['{}', '', false],
    ['{ cookies: false }', '', false],
  ] as const) {
    const { findings } = await look(await projectOf(t, app(options, settings)));
    const ids = findings.flatMap(({ differs }) => differs);
    const found = ids.filter((id) => ['login-bound', 'logout-here', 'cookie-flags'].includes(id));
    assert.equal(found.length > 0, isTold, `${options} ${settings}: ${found}`);
  }
  const folder = await projectOf(t, app('{}', ", 'bearer-only': true"));
  assert.doesNotMatch((await runCli(['migrate', folder])).stdout, about);
});

describe('names of the old packages', () => {
  test('what the drop-in does not export is marked', async (t) => {
    const folder = await projectOf(t, {
      'a.ts': "import Keycloak, { GuardFn, GaurdFn, SpecHandler } from 'keycloak-connect';",
      'b.ts': "import { AuthGuard, META_ROLES, KEYCLOAK_INSTANCE, parseToken } from 'nest-keycloak-connect';",
      'c.ts': "import { META_ROLES } from 'nest-keycloak-connect/decorators/roles.decorator';",
      'd.ts': "import { useKeycloak } from 'nest-keycloak-connect/internal.util';",
      'e.ts': "import * as kc from 'nest-keycloak-connect';\nkc.parseToken(token);",
      'g.ts':
        "import KC from 'keycloak-connect';\nconst admin = require(path.join(cwd, './node_modules/keycloak-connect/middleware/admin'));\nlet a: KC.Token;\nlet b: KC.GrantedRequest;",
      'f.ts': "export { AuthGuard, KeycloakLogger } from 'nest-keycloak-connect';",
    });
    const { findings, edits } = await look(folder);
    assert.deepEqual(
      findings.filter(({ blocked }) => blocked !== null).map(({ file, blocked }) => `${file} ${blocked}`),
      [
        "a.ts '@keycloak-guard/connect' has no SpecHandler. Write it in the application.",
        "b.ts '@keycloak-guard/connect/nest' has no parseToken. It decodes unchecked tokens: read `request.user`.",
        "d.ts 'nest-keycloak-connect/internal.util' is a file inside the package, and not part of its public surface: take what you need from 'keycloak-guard'.",
        'e.ts The drop-in has no parseToken.',
        "f.ts '@keycloak-guard/connect/nest' has no KeycloakLogger. Write it in the application.",
        "g.ts 'keycloak-connect/middleware/admin' is a file inside the package, and not part of its public surface: take what you need from 'keycloak-guard'.",
        "g.ts '@keycloak-guard/connect' has no type GrantedRequest. Write it in the application.",
      ],
    );
    assert.deepEqual(
      edits.filter(({ file }) => file === 'c.ts').map(({ text }) => text),
      ["'@keycloak-guard/connect/nest'"],
    );
  });

  const sourceOf = (file: string) =>
    readFileSync(fileURLToPath(new URL(`../../../packages/connect/src/${file}`, import.meta.url)), 'utf8');
  for (const [name, folder] of [
    ['keycloak-connect', '.'],
    ['nest-keycloak-connect', 'nest'],
  ] as const) {
    test(`migrate knows the exports of the successor of ${name}`, () => {
      const index = sourceOf(`${folder}/index.ts`);
      const listed = [...index.matchAll(/export (?:type )?\{([^}]*)\}/g)].flatMap(([, inside = '']) =>
        inside.split(',').map((one) => one.trim().replace(/^type |^.* as /, '')),
      );
      const all = [...index.matchAll(/export \* from '\.\/([^']+)'/g)].flatMap(([, file]) =>
        [
          ...sourceOf(`${folder}/${file}`).matchAll(
            /^export (?:const|class|function|interface|type) (\w+)/gm,
          ),
        ].map(([, one = '']) => one),
      );
      const exported = new Set([...listed, ...all].filter((one) => one !== '' && one !== 'default'));
      assert.deepEqual([...(EXPORTS[name] ?? [])].sort(), [...exported].sort());
    });
  }
});

test('a hook that waits for a callback is to be changed by hand: keycloak-connect on npm has none', async (t) => {
  const folder = await projectOf(t, {
    'app.js': `const Keycloak = require('keycloak-connect');
${MADE}keycloak.authenticated = (request, next) => next();
keycloak.authenticated = (request) => {};
keycloak.accessDenied = (request, response, next) => next();
Keycloak.prototype.deauthenticated = async function (request, done) { done(); };
function told(request, callback) { callback(); }
keycloak.authenticated = told;
Object.assign(keycloak, { authenticated(request, cb) { cb(); }, redirectToLogin: (request) => true });
class Mine extends Keycloak { authenticated(request, next) { next(); } accessDenied(request, response) {} }
keycloak.authenticated = (request, next = () => {}) => next();`,
  });
  const { findings } = await look(folder);
  assert.deepEqual(
    findings
      .filter(({ blocked }) => blocked !== null)
      .map(({ line, blocked }) => [line, /without `(\w+)`/.exec(blocked ?? '')?.[1]]),
    [
      [3, 'next'],
      [6, 'done'],
      [8, 'callback'],
      [9, 'cb'],
      [10, 'next'],
    ],
  );
  assert.equal((await runCli(['migrate', folder])).code, 1);
});

test('a version that is no release of npm is to be looked at: what a fork has added, the drop-in lacks', async (t) => {
  const remarked = async (version: string) => {
    const manifest = JSON.stringify({ dependencies: { 'keycloak-connect': version } });
    const { findings } = await look(await projectOf(t, { 'package.json': manifest }));
    return findings.some(({ remark }) => /fork/.test(remark ?? ''));
  };
  for (const version of [
    'git+https://git.example.com/us/keycloak-connect.git#v1',
    'github:us/keycloak-nodejs-connect',
    'us/keycloak-nodejs-connect#main',
    'https://example.com/keycloak-connect.tgz',
    'file:../fork',
    'workspace:*',
    'npm:@us/keycloak-connect@^26.0.0',
  ])
    assert.equal(await remarked(version), true, version);
  for (const version of ['^26.1.1', '>=9', '*', 'latest', 'npm:keycloak-connect@^26.0.0', '~4.8.3 || ^5'])
    assert.equal(await remarked(version), false, version);
});
