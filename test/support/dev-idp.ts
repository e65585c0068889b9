import { randomBytes, randomUUID } from 'node:crypto';
import type { TestContext } from 'node:test';
import {
  type DevIdp,
  type DevIdpOptions,
  type StoredKeys,
  startDevIdp,
} from '../../packages/testing/src/index.ts';
import { freePort } from './free-port.ts';
import { createTestKey } from './signing-keys.ts';

export const REALM_FILE = new URL('../../packages/testing/testing-realm.json', import.meta.url).pathname;

export const PASSWORD = 'Test#123456';
export const SECRET = 'for-development-only';

let keys: StoredKeys | undefined;

/** One set for a test process: making an RSA key takes longer than most tests. */
export function testKeys(): StoredKeys {
  keys ??= {
    signing: [{ ...createTestKey('RS256').privateKey.export({ format: 'jwk' }), alg: 'RS256' }],
    encryption: createTestKey('RSA-OAEP', { use: 'enc' }).jwk,
    secretId: randomUUID(),
    secret: randomBytes(64).toString('base64url'),
  };
  return keys;
}

/**
 * The embedded provider with the guide's realm, and the keys of the one before it. Where a token of one provider must
 * not be good at another, start the other with `startDevIdp`. Nobody else gets its port while it is down.
 */
export async function startTestIdp(options: Omit<DevIdpOptions, 'keys'> = {}): Promise<DevIdp> {
  const source = options.realm === undefined ? { realmFile: REALM_FILE } : {};
  return startDevIdp({ port: await freePort(), ...source, ...options, keys: testKeys() });
}

/** The same, ended with the test. */
export async function startIdp(t: Pick<TestContext, 'after'>): Promise<DevIdp> {
  const idp = await startTestIdp();
  t.after(() => idp.close());
  return idp;
}
