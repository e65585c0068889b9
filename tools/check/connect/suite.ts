import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createSuiteKey, toSuiteRealm } from './realm.ts';

/** keycloak-connect, whose npm package has its tests. */
export const VERSION = '26.1.1';

/** What the tests need, in versions that answer `require`. */
const PACKAGES = [
  '@keycloak/keycloak-admin-client@18',
  'axios@0.29',
  'blue-tape@1',
  'body-parser@1',
  'cookie-parser@1',
  'express@4',
  'express-session@1',
  'hogan-express@0.5',
  'jwk-to-pem@2',
  'keycloak-request-token@0.1',
  // 13 knows nothing of fetch.
  'nock@14',
  'rsa-compat@2',
  'server-destroy@1',
  'tape@5',
  'tape-catch@1',
];

export const SPECS = [
  'unit/hconfig-test',
  'unit/keycloak-object-test',
  'grant-manager-spec',
  'grant-manager-token-timeout-spec',
  'keycloak-connect-rest-spec',
  'keycloak-connect-rest-mixed-client-spec',
  'keycloak-connect-rest-enforcer-spec',
  'keycloak-connect-web-spec',
  'keycloak-connect-web-enforcer-spec',
];

/** Realms of its own, on a Keycloak that others use as well. */
export const REALMS = [
  'test-realm',
  'service-node-realm',
  'mixed-mode-realm',
  'policy-enforcer-realm',
  'nodejs-test',
  'tokenRealmTest',
].map((realm) => `connect-${realm}`);

/** The package with what its tests need, from npm; once for a machine. */
export function fetchSuite(cache: string): string {
  const folder = join(cache, `keycloak-connect-${VERSION}`);
  if (existsSync(join(folder, 'complete'))) return folder;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const npm = (...args: string[]) =>
    execFileSync('npm', args, { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
  npm('pack', `keycloak-connect@${VERSION}`, '--silent');
  execFileSync('tar', ['xzf', `keycloak-connect-${VERSION}.tgz`], { cwd: folder });
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  npm('install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error', ...PACKAGES);
  writeFileSync(join(folder, 'complete'), '');
  return folder;
}

/**
 * The suite in a folder of its own, made to run on a Keycloak of today. What is replaced, is so for both: addresses and names
 * of realms, keys that have expired or are too short and what was signed with them, policies in JavaScript, answers that no
 * HTTP server could give (204 with a body), and the driver of Chrome.
 *
 * @param dropIn the built CommonJS module that takes the place of keycloak-connect; without it, the original runs
 */
export function prepareSuite(suite: string, name: string, keycloakUrl: string, dropIn?: string): string {
  const folder = join(suite, name);
  rmSync(folder, { recursive: true, force: true });
  cpSync(join(suite, 'package'), folder, { recursive: true });
  symlinkSync(join(suite, 'node_modules'), join(folder, 'node_modules'));
  const key = createSuiteKey();
  const edit = (file: string, change: (text: string) => string): void => {
    const path = join(folder, file);
    writeFileSync(path, change(readFileSync(path, 'utf8')));
  };
  for (const file of SPECS) edit(`test/${file}.js`, renameRealms);
  const address = (text: string): string =>
    text.replace(/http:\/\/(localhost|127\.0\.0\.1):8080/g, keycloakUrl);
  for (const file of ['config', 'token', 'realm'])
    edit(`test/utils/${file}.js`, (text) => renameRealms(address(text)));
  for (const kind of ['confidential', 'public', 'resource-server', 'token-test', 'with-public-key']) {
    edit(`test/fixtures/auth-utils/keycloak-${kind}.json`, (text) => renameRealms(address(text)));
  }
  edit('test/fixtures/auth-utils/keycloak-with-public-key.json', (text) =>
    JSON.stringify({ ...JSON.parse(text), 'realm-public-key': key.publicKey }),
  );
  edit('test/fixtures/testrealm.json', (text) => JSON.stringify(toSuiteRealm(JSON.parse(text), key)));
  edit('test/fixtures/templates/resource-server-template.json', replacePolicies);
  const { pem, otherPem, kid } = key;
  edit(
    'test/utils/helper.js',
    (text) => `${text}\nrequire('./pushes').replace(TestVector, ${JSON.stringify({ pem, otherPem, kid })})\n`,
  );
  for (const file of ['webdriver', 'pushes']) {
    cpSync(join(import.meta.dirname, `${file}.cjs`), join(folder, `test/utils/${file}.js`));
  }
  edit('test/grant-manager-spec.js', mendMocks);
  writeFileSync(join(folder, 'realms.json'), JSON.stringify(toStandingRealms(folder, key)));
  if (dropIn !== undefined) useDropIn(folder, dropIn);
  return folder;
}

function renameRealms(text: string): string {
  return text.replace(
    /(?<![\w-])(test-realm|service-node-realm|mixed-mode-realm|policy-enforcer-realm|nodejs-test|tokenRealmTest)(?![\w-])/g,
    'connect-$1',
  );
}

function toStandingRealms(folder: string, key: ReturnType<typeof createSuiteKey>): object[] {
  const path = join(folder, 'test/fixtures/auth-utils/nodejs-test-realm.json');
  const realms = JSON.parse(readFileSync(path, 'utf8')) as { realm: string }[];
  return realms
    .filter(({ realm }) => realm !== 'master')
    .map((realm) => toSuiteRealm({ ...realm, realm: renameRealms(realm.realm) }, key));
}

/** The policies' code, as policies that need no feature of Keycloak's that is off. */
function replacePolicies(text: string): string {
  const template = JSON.parse(text);
  const policies: Record<string, object> = {
    'Default Policy': { type: 'role', config: { roles: '[{"id":"user","required":true}]' } },
    'Delete Policy': {
      type: 'role',
      logic: 'NEGATIVE',
      config: { roles: '[{"id":"user","required":true}]' },
    },
    'Supported Browser Policy': {
      type: 'regex',
      config: { targetClaim: 'user_agent', pattern: 'mozilla', targetContextAttributes: 'true' },
    },
  };
  for (const policy of template.authorizationSettings.policies) {
    if (policy.type === 'js') Object.assign(policy, policies[policy.name]);
  }
  return JSON.stringify(template);
}

/** The document that says who the issuer is was not asked for by the original. */
function mendMocks(text: string): string {
  const discovery = (host: string, realm: string) =>
    `nock('${host}').get('/realms/${realm}/.well-known/openid-configuration').optionally().reply(200, { issuer: '${host}/realms/${realm}' })\n  `;
  return text
    .replaceAll('.reply(204, ', '.reply(200, ')
    .replace(
      /nock\('https:\/\/localhost:8080'\)/,
      (mock) => discovery('https://localhost:8080', 'nodejs-test') + mock,
    )
    .replace(
      /nock\('http:\/\/localhost:8180'\)/,
      (mock) => discovery('http://localhost:8180', 'nodejs-test-mock') + mock,
    )
    .replaceAll("'/realms/connect-nodejs-test/", "'/realms/nodejs-test/");
}

function useDropIn(folder: string, dropIn: string): void {
  const module = JSON.stringify(dropIn);
  rmSync(join(folder, 'middleware'), { recursive: true });
  rmSync(join(folder, 'stores'), { recursive: true });
  mkdirSync(join(folder, 'middleware/auth-utils'), { recursive: true });
  writeFileSync(join(folder, 'keycloak.js'), `module.exports = require(${module})\n`);
  writeFileSync(
    join(folder, 'middleware/auth-utils/config.js'),
    `module.exports = require(${module}).Config\n`,
  );
  writeFileSync(
    join(folder, 'middleware/auth-utils/grant-manager.js'),
    `module.exports = require(${module}).GrantManager\n`,
  );
  // A start would fail: the route that it opens to everybody is closed, and its test has to fail.
  const app = join(folder, 'test/fixtures/node-console/index.js');
  writeFileSync(
    app,
    readFileSync(app, 'utf8')
      .replace('keycloak.enforcer()', '(req, res) => res.status(403).end()')
      // The tokens of its clients are for other clients of the realm, which has to be said now.
      .replace(
        'new Keycloak(params, kcConfig)',
        "new Keycloak(params, { ...kcConfig, 'verify-token-audience': kcConfig.verifyTokenAudience || false })",
      ),
  );
  writeFileSync(join(folder, 'uuid.js'), "module.exports = () => require('node:crypto').randomUUID()\n");
}
