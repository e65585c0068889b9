import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AuthError, createMemoryRevocationStore } from '../../packages/guard/src/core/index.ts';
import { healthOf } from '../../packages/guard/src/core/internal.ts';
import { eventually } from '../support/eventually.ts';
import { createTestRealm } from '../support/test-realm.ts';
import { fileOf, tokenFor } from './made-credential.ts';

test('a process is ready when the keys are loaded and it knows who was logged out elsewhere', async (t) => {
  const realm = createTestRealm();
  const store = { ...createMemoryRevocationStore(), isCaughtUp: false, isConnected: true };
  const verifier = realm.verifier({ revocationStore: store });
  t.after(() => verifier.close());
  assert.deepEqual(healthOf(verifier), {
    isReady: false,
    checks: {
      keys: { ok: false, detail: 'Not loaded yet' },
      keycloak: { ok: false, detail: 'Not asked yet' },
      revocations: { ok: false, detail: 'Logouts of other processes are not loaded yet' },
    },
  });
  await verifier.load();
  assert.equal(healthOf(verifier).isReady, false);
  store.isCaughtUp = true;
  realm.advance(12);
  assert.deepEqual(healthOf(verifier), {
    isReady: true,
    checks: {
      keys: { ok: true, detail: 'Loaded 12 s ago' },
      keycloak: { ok: true, detail: 'Answers' },
      revocations: { ok: true, detail: 'Answers' },
    },
  });
  // What it knows, it knows: with the store gone all processes would be out.
  store.isConnected = false;
  const { isReady, checks } = healthOf(verifier);
  assert.deepEqual(
    [isReady, checks.revocations],
    [true, { ok: false, detail: 'Does not answer, or refuses writes: see the log' }],
  );
});

test('a file of the credential that was never good keeps a process from being ready, until it is there', async (t) => {
  const realm = createTestRealm();
  const file = fileOf('x');
  file.remove();
  const { path } = file;
  const shapes = [
    { secretFile: path },
    { keyFile: path },
    { tokenFile: path },
    { certificateFile: path, certificateKeyFile: path },
  ];
  for (const credential of shapes) {
    const verifier = realm.verifier({ clientSecret: undefined, credential });
    t.after(() => verifier.close());
    await verifier.load();
    const { isReady, checks } = healthOf(verifier);
    const detail = 'A file of it cannot be used: see the log';
    assert.deepEqual([isReady, checks.keys?.ok, checks.credential], [false, true, { ok: false, detail }]);
    assert.equal(realm.notices.at(-1)?.code, 'credential_missing');
    assert.ok(realm.notices.at(-1)?.message.includes(path));
  }
  const verifier = realm.verifier({ clientSecret: undefined, credential: { tokenFile: path } });
  t.after(() => verifier.close());
  await verifier.load();
  file.write(tokenFor(realm.now, 60));
  await eventually('it is ready', () => healthOf(verifier).isReady);
  assert.equal(healthOf(verifier).checks.credential, undefined);
  // A token that ends later takes no process away that verifies tokens.
  file.remove();
  realm.advance(61);
  await verifier.load();
  assert.equal(healthOf(verifier).isReady, true);
});

test('a Keycloak that answers again is well before its keys are loaded again', async (t) => {
  const realm = createTestRealm();
  const verifier = realm.verifier();
  t.after(() => verifier.close());
  await verifier.load();
  realm.setAll('down');
  await verifier.close();
  await verifier.load();
  assert.deepEqual(healthOf(verifier).checks.keycloak, { ok: false, detail: 'Does not answer: see the log' });
  verifier.outage.failed('calls', verifier.status().lastError as AuthError);
  verifier.outage.answered('calls');
  assert.deepEqual(healthOf(verifier).checks.keycloak, { ok: true, detail: 'Answers' });
});

test('of several realms the worst one counts', async (t) => {
  const [good, bad] = [createTestRealm(), createTestRealm()];
  bad.setAll('missing');
  const verifiers = [good.verifier(), bad.verifier()];
  t.after(() => Promise.all(verifiers.map((one) => one.close())));
  await Promise.all(verifiers.map((one) => one.load()));
  const { isReady, checks } = healthOf({ members: verifiers });
  assert.equal(isReady, false);
  // Nothing is shared with other processes.
  assert.deepEqual(Object.keys(checks), ['keys', 'keycloak']);
  assert.deepEqual(checks.keys, { ok: false, detail: 'Not loaded yet' });
  const why = 'Answers, but not as the realm that is configured: see the log';
  assert.deepEqual(checks.keycloak, { ok: false, detail: why });
});

test('what was loaded once keeps a process ready while Keycloak is away, and that is said', async (t) => {
  const realm = createTestRealm();
  const verifier = realm.verifier();
  t.after(() => verifier.close());
  await verifier.load();
  realm.setAll('down');
  await verifier.verify(realm.mint({ iat: realm.now - 60 }));
  // A verifier of the application's own make has no store.
  for (const members of [[verifier], [{ ...verifier }]]) {
    const { isReady, checks } = healthOf({ members });
    assert.equal(isReady, true);
    assert.deepEqual(checks, {
      keys: { ok: true, detail: 'Loaded 0 s ago' },
      keycloak: { ok: false, detail: 'Does not answer: see the log' },
    });
  }
});
