import assert from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { DevIdp } from '../../packages/testing/src/index.ts';
import { withKeyFile } from '../keycloak/support/key-file.ts';
import { REALM_FILE, startTestIdp } from '../support/dev-idp.ts';
import { settingsFor, troubles, visitDoctor } from './doctor-visit.ts';

/** A realm whose client signs in with a key, and the settings that name the key. */
async function startWithKey() {
  const realm = JSON.parse(await readFile(REALM_FILE, 'utf8'));
  const { settings, attributes } = await withKeyFile();
  const client = realm.clients.find((one: { clientId: string }) => one.clientId === 'fastapi-keycloak');
  Object.assign(client, { clientAuthenticatorType: 'client-jwt' });
  client.attributes = { ...client.attributes, ...attributes };
  const idp = await startTestIdp({ realm });
  return { idp, settings: { ...settingsFor(idp.url), ...settings } };
}

describe('the doctor of a service whose credential is in a file', () => {
  let idp: DevIdp;
  let settings: Record<string, string>;
  before(async () => {
    ({ idp, settings } = await startWithKey());
  });
  after(() => idp.close());

  test('names both lines where two credentials are set, and which one to take out', async () => {
    const settings = { ...settingsFor('http://127.0.0.1:9'), KEYCLOAK_CLIENT_KEY_FILE: 'client-key.pem' };
    const [found] = troubles(await visitDoctor({ settings }));
    assert.equal(found?.id, 'settings.valid');
    assert.match(`${found?.fix}`, /Take one line out, KEYCLOAK_CLIENT_KEY_FILE or KEYCLOAK_CLIENT_SECRET/);
  });

  test('signs with the key, and the secret is not missed', async () => {
    const found = new Map((await visitDoctor({ settings })).map((one) => [one.id, one]));
    assert.equal(found.get('settings.secret')?.seen, 'KEYCLOAK_CLIENT_KEY_FILE is set');
    assert.equal(found.get('client.authenticator')?.seen, 'client id and KEYCLOAK_CLIENT_KEY_FILE');
    for (const id of ['client.authenticator', 'client.secret', 'client.introspection'])
      assert.equal(found.get(id)?.status, 'ok', id);
  });

  test('names the file that cannot be read, and nothing else', async () => {
    const results = await visitDoctor({
      settings: { ...settings, KEYCLOAK_CLIENT_KEY_FILE: '/nowhere/key' },
    });
    assert.deepEqual(
      troubles(results).map(({ id, seen, cause }) => [id, seen, cause]),
      [
        [
          'settings.secret',
          'The key file /nowhere/key cannot be used: ENOENT',
          'KEYCLOAK_CLIENT_KEY_FILE cannot be used',
        ],
      ],
    );
  });

  test('sends the secret of a file, and says where to write the right one', async (t) => {
    const idp = await startTestIdp();
    t.after(() => idp.close());
    const file = join(mkdtempSync(join(tmpdir(), 'client-secret-')), 'secret');
    const given = { KEYCLOAK_CLIENT_SECRET: '', KEYCLOAK_CLIENT_SECRET_FILE: file };
    const secretCheck = async (secret: string) => {
      writeFileSync(file, secret);
      const results = await visitDoctor({ settings: { ...settingsFor(idp.url), ...given } });
      return results.find(({ id }) => id === 'client.secret');
    };
    assert.equal((await secretCheck('for-development-only\n'))?.seen, 'accepted');
    const wrong = await secretCheck('another-secret');
    assert.match(wrong?.fix ?? '', /write it to the file that KEYCLOAK_CLIENT_SECRET_FILE names/);
    assert.equal(wrong?.setup, undefined, 'setup would write a second secret beside the file');
  });

  test('tells a client that signs to set a key here, not to take a secret', async () => {
    const results = await visitDoctor({ settings: settingsFor(idp.url) });
    const told = troubles(results).find(({ id }) => id === 'client.authenticator');
    assert.equal(
      told?.cause,
      "the client 'fastapi-keycloak' must authenticate with a signed JWT, but this service sends a secret",
    );
    assert.match(told?.fix ?? '', /^For client-jwt: Set KEYCLOAK_CLIENT_KEY_FILE /);
    assert.doesNotMatch(JSON.stringify(results), /Client Id and Secret/);
  });
});
