import { generateKeyPairSync } from 'node:crypto';
import type { RealmRepresentation } from '../../../packages/testing/src/index.ts';

const PROVIDERS = 'org.keycloak.keys.KeyProvider';

let components: Readonly<Record<string, readonly object[]>> | undefined;

/** Gives a realm keys as a new one has, unless it says which: making them is a third of what a new realm costs Keycloak. */
export function addKeys(realm: RealmRepresentation & { components?: unknown }): void {
  const own = (realm.components ?? {}) as Readonly<Record<string, unknown>>;
  if (own[PROVIDERS] !== undefined) return;
  components ??= {
    [PROVIDERS]: [
      provider('rsa', { algorithm: ['RS256'], privateKey: [makeKey()] }),
      provider('rsa-enc', { algorithm: ['RSA-OAEP'], privateKey: [makeKey()] }),
      provider('hmac-generated', { algorithm: ['HS512'] }),
      provider('aes-generated', {}),
    ],
  };
  realm.components = { ...own, ...components };
}

function provider(providerId: string, config: Readonly<Record<string, string[]>>): object {
  return { name: providerId, providerId, config: { priority: ['100'], ...config } };
}

function makeKey(): string {
  const { privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  return privateKey;
}
