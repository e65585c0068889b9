import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findDependencies } from '../../../packages/connect/src/migrate/manifests.ts';
import { look, projectOf } from './migrate-project.ts';

const CONNECT = `const Keycloak = require('keycloak-connect');
const keycloak = new Keycloak({ store }, 'keycloak.json');
`;

test('migrate knows the object that a function is handed, in a file that names Keycloak nowhere', async (t) => {
  const folder = await projectOf(t, {
    'app.js': `${CONNECT}require('./routes')(app, keycloak);`,
    'routes.js': "module.exports = (app, kc) => app.get('/', kc.protect(['x']), h);",
    'more.js': "exports.add = ({ router, sso: kc2 }) => router.get('/', kc2.protect('realm:x'), h);",
  });
  const { findings } = await look(folder);
  assert.deepEqual(
    findings.filter(({ file }) => file !== 'app.js').map(({ use, blocked }) => [use, blocked !== null]),
    [
      ["kc2.protect('realm:x')", false],
      ["kc.protect(['x'])", true],
    ],
  );
});

test('migrate: a fork in a scope is named, with its uses, and left to the hand', async (t) => {
  const folder = await projectOf(t, {
    'package.json': JSON.stringify({
      dependencies: {
        '@acme/keycloak-connect': '^1.0.0',
        'nest-keycloak-connect': 'git+https://bob:s3cret@git.acme.test/nest.git',
      },
    }),
    'app.js': "const Sso = require('@acme/keycloak-connect');\nnew Sso({}, {}).protect(['x']);\n",
    'types.d.ts': "import '@types/keycloak-connect';\nimport '@keycloak-guard/connect';\n",
  });
  const { packages, findings, edits } = await look(folder);
  assert.deepEqual([packages, edits], [['keycloak-connect', 'nest-keycloak-connect'], []]);
  const [fork, ...more] = findings.filter(({ file }) => file === 'app.js');
  assert.match(fork?.blocked ?? '', /By its name a fork of keycloak-connect/);
  assert.deepEqual(
    findings.map(({ file, remark }) => [file, remark?.startsWith('This is no release of npm') ?? false]),
    [['app.js', false], ...more.map(() => ['app.js', false]), ['package.json', true], ['package.json', true]],
  );
  assert.doesNotMatch(JSON.stringify(findings), /s3cret/);
});

test('migrate: a package.json of a thousand forks costs no more than one of some', () => {
  const names = Array.from({ length: 30_000 }, (_, at) => [`@a${at}/keycloak-connect`, '1']);
  const text = JSON.stringify({ dependencies: Object.fromEntries(names) }, null, 1);
  const started = process.cpuUsage().user;
  assert.equal(findDependencies('package.json', text).length, 20);
  assert.ok(process.cpuUsage().user - started < 2_000_000);
});
