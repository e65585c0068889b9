import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { toSettingNames } from '../../packages/server/src/config/credential-settings.ts';
import { SETTINGS } from '../../packages/server/src/config/settings.ts';
import { ROOT, sourceFiles } from '../repo/source-imports.ts';

test('advice of the library names options; the service and the command line name their settings', () => {
  assert.equal(
    toSettingNames('Correct host and port in the option serverUrl, or raise the option timeoutMs.'),
    'Correct host and port in KEYCLOAK_SERVER_URL, or raise KEYCLOAK_TIMEOUT_MS.',
  );
  assert.equal(toSettingNames('See the option whatever.'), 'See the option whatever.');
});

test('each option that the advice of the library about Keycloak names is a setting, and none of its advice names one', () => {
  const advice = sourceFiles()
    .filter((file) => /^guard\/src\/(client\/(diagnosis|call\.)|core\/realm\/outage\.)/.test(file))
    .map((file) => readFileSync(join(ROOT, 'packages', file), 'utf8'))
    .join('\n');
  const named = advice.match(/the option [\w.]+\w/g) ?? [];
  assert.ok(named.length > 10);
  const names = new Set(Object.keys(SETTINGS));
  // The service exchanges no tokens, and binds none.
  const ofOthers = ['the option audience', 'the option dpop'];
  const known = new Set(named.filter((option) => !ofOthers.includes(option)));
  for (const option of known) assert.ok(names.has(toSettingNames(option)), option);
  assert.doesNotMatch(advice, /KEYCLOAK_(SERVER|REALM|CLIENT|TIMEOUT|ISSUER)|CLOCK_TOLERANCE/);
});

test('the command line takes diagnoses from one place, which names settings', () => {
  const users = sourceFiles().filter(
    (file) =>
      file.startsWith('cli/') &&
      readFileSync(join(ROOT, 'packages', file), 'utf8').includes('diagnoseTokenError'),
  );
  // A pasted line may be of any program: it has no settings of ours.
  assert.deepEqual(users, ['cli/src/doctor/explain.ts', 'cli/src/keycloak/finding.ts']);
});
