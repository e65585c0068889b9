import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCredential } from 'keycloak-guard';

/** A new key in a file, the settings that name it, and the client's side in Keycloak. */
export async function withKeyFile() {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const path = join(mkdtempSync(join(tmpdir(), 'client-key-')), 'key.pem');
  writeFileSync(path, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  const jwks = await createCredential({ clientId: 'any', credential: { keyFile: path } }).publicKeys();
  return {
    settings: { KEYCLOAK_CLIENT_SECRET: '', KEYCLOAK_CLIENT_KEY_FILE: path },
    attributes: { 'use.jwks.string': 'true', 'jwks.string': JSON.stringify(jwks) },
  };
}
