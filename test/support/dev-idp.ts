import {
  type DevIdp,
  type DevIdpOptions,
  type StoredKeys,
  startDevIdp,
} from '../../packages/testing/src/index.ts';

export const REALM_FILE = new URL('../../packages/testing/testing-realm.json', import.meta.url).pathname;

/** One set for a test process: making an RSA key takes longer than most tests. */
let keys: StoredKeys | undefined;

/**
 * The embedded provider with the guide's realm, and the keys of the one before it. Where a token of one provider must
 * not be good at another, start the other with `startDevIdp`.
 */
export async function startTestIdp(options: Omit<DevIdpOptions, 'keys'> = {}): Promise<DevIdp> {
  const source = options.realm === undefined ? { realmFile: REALM_FILE } : {};
  const idp = await startDevIdp({ ...source, ...options, ...(keys && { keys }) });
  keys ??= idp.exportKeys();
  return idp;
}
