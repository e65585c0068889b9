import assert from 'node:assert/strict';
import { generateKeyPairSync, type JsonWebKey } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ClientError, createClient } from '../../../packages/guard/src/client/index.ts';
import {
  type CredentialOptions,
  createCredential,
  createVerifier,
} from '../../../packages/guard/src/core/index.ts';
import { SECRET, USER } from '../../support/calling-realm.ts';
import { AUTHENTICATORS, type CallingRealm, createCallingRealm } from '../support/calling-realm.ts';

// Each way in which a client proves who it is, with every call that carries the proof.

let realm: CallingRealm;
const folder = mkdtempSync(join(tmpdir(), 'credentials-'));
const file = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

before(async () => {
  realm = await createCallingRealm('g-credentials');
});
after(async () => {
  rmSync(folder, { recursive: true });
  await realm?.close();
});

const optionsOf = (credential: CredentialOptions) => ({
  ...{ serverUrl: realm.keycloak.url, realm: realm.name, clientId: 'shop', credential, timeoutMs: 30_000 },
});

/** Everything that carries the credential: grants, introspection, permissions of its own, revocation, logout. */
async function useEverywhere(credential: CredentialOptions): Promise<void> {
  const client = createClient(optionsOf(credential));
  const verifier = createVerifier({ ...optionsOf(credential), tokenCheck: 'remote', onNotice: false });
  const login = { ...USER, scope: 'openid' };
  const first = await client.passwordGrant(login);
  const tokens = await client.refresh(first.refreshToken as string);
  // Its own `azp`, but nothing in `aud`: userinfo is asked.
  await verifier.verify(tokens.accessToken);
  const web = await createClient({ ...optionsOf({ secret: SECRET }), clientId: 'web' }).passwordGrant(login);
  // `shop` in `aud`: introspection is asked.
  await verifier.verify(web.accessToken);
  assert.equal(verifier.stats.remoteAccepted, 2);
  await client.revoke(tokens.accessToken);
  await client.logout(tokens.refreshToken as string);
  await assert.rejects(client.refresh(tokens.refreshToken as string), ClientError);
  await verifier.close();
}

describe('a client of a real Keycloak', () => {
  it('authenticates with a secret, in the form and in the header', async () => {
    await realm.client('shop', AUTHENTICATORS.secret);
    await useEverywhere({ secret: SECRET });
    await useEverywhere({ secret: SECRET, method: 'basic' });
    await useEverywhere({ secretFile: file('secret', `${SECRET}\n`) });
  });

  it('authenticates with an assertion that the secret signs', async () => {
    await realm.client('shop', AUTHENTICATORS['secret-jwt']);
    await useEverywhere({ secret: SECRET, method: 'jwt' });
  });

  for (const [name, make] of Object.entries({
    RS256: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
    ES256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
    EdDSA: () => generateKeyPairSync('ed25519'),
  })) {
    it(`authenticates with an assertion that a key signs, by ${name}`, async () => {
      const { privateKey } = make();
      const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
      const options: CredentialOptions = { keyFile: file(`${name}.pem`, pem) };
      const keys = await createCredential({ clientId: 'shop', credential: options }).publicKeys();
      assert.deepEqual(
        keys.keys.map((key: JsonWebKey) => [key.alg, key.d]),
        [[name, undefined]],
      );
      await realm.client('shop', AUTHENTICATORS.key(keys));
      await useEverywhere(options);
      await useEverywhere({ key: privateKey });
    });
  }

  it('authenticates with the token file of a Kubernetes service account', async () => {
    await realm.client('shop', AUTHENTICATORS.token('shop:api'));
    const tokenFile = file('token', realm.kubernetes.tokenFor('shop:api', realm.issuer));
    await useEverywhere({ tokenFile });
  });
});
