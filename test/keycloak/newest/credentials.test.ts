import assert from 'node:assert/strict';
import { generateKeyPairSync, type JsonWebKey } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ClientError, createClient } from '../../../packages/guard/src/client/index.ts';
import {
  type Credential,
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

  it('is rotated under load, and no call fails: token files rewritten, half of them broken', async () => {
    await realm.client('shop', AUTHENTICATORS.token('shop:api'));
    const tokenOf = () => realm.kubernetes.tokenFor('shop:api', realm.issuer);
    const tokenFile = file('rewritten', tokenOf());
    const credential = createCredential({ clientId: 'shop', credential: { tokenFile }, onNotice: false });
    // The first one has to be good: what was never read whole cannot go on.
    await callWhile(credential, 1);
    let writes = 0;
    const writer = setInterval(() => {
      const next = tokenOf();
      writeFileSync(tokenFile, ++writes % 2 === 0 ? next : next.slice(0, 100));
    }, 20);
    const calls = await callWhile(credential, 3_000).finally(() => clearInterval(writer));
    assert.ok(calls > 20 && writes > 20, `${calls} calls, ${writes} writes`);
  });

  it('is changed in Keycloak under load, and no call fails once the file has the new secret', async () => {
    await realm.client('shop', AUTHENTICATORS.secret);
    const secretFile = file('changed-secret', SECRET);
    const client = createClient(optionsOf({ secretFile }));
    const [{ id }] = (await (await realm.admin('GET', '/clients?clientId=shop')).json()) as [{ id: string }];
    let state: 'before' | 'changing' | 'after' = 'before';
    const failed = { before: 0, changing: 0, after: 0 };
    const calls = { before: 0, changing: 0, after: 0 };
    let isOver = false;
    const run = async () => {
      while (!isOver) {
        const began = state;
        calls[began]++;
        await client.clientCredentials().catch(() => failed[began]++);
      }
    };
    const runs = [run(), run()];
    await sleep(1_000);
    state = 'changing';
    const { value } = (await (await realm.admin('POST', `/clients/${id}/client-secret`)).json()) as {
      value: string;
    };
    writeFileSync(secretFile, value);
    state = 'after';
    await sleep(2_000);
    isOver = true;
    await Promise.all(runs);
    await realm.client('shop', { secret: SECRET });
    assert.deepEqual([failed.before, failed.after], [0, 0]);
    assert.ok(calls.before > 2 && calls.after > 2, JSON.stringify(calls));
  });

  it('is rotated under load, and no call fails: keys that Keycloak reads from the application', async () => {
    const pemOf = () =>
      generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
        type: 'pkcs8',
        format: 'pem',
      }) as string;
    const keyFile = file('rotated.pem', pemOf());
    const credential = createCredential({ clientId: 'shop', credential: { keyFile }, onNotice: false });
    const server = createServer(async (_, response) =>
      response.end(JSON.stringify(await credential.publicKeys())),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const attributes = {
      'use.jwks.url': 'true',
      'jwks.url': `http://127.0.0.1:${port}/`,
      'use.jwks.string': 'false',
    };
    await realm.client('shop', { clientAuthenticatorType: 'client-jwt', attributes });
    // Keycloak reads the keys again at most every ten seconds.
    const rotation = setTimeout(() => writeFileSync(keyFile, pemOf()), 1_000);
    try {
      await callWhile(credential, 14_000);
      const { keys } = await credential.publicKeys();
      assert.equal(keys.length, 2);
    } finally {
      clearTimeout(rotation);
      server.close();
    }
  });
});

/** Calls with the credential, two at a time, as long as it says. @returns how often */
async function callWhile(credential: CredentialOptions | Credential, ms: number): Promise<number> {
  const client = createClient({ ...optionsOf({ secret: 'x' }), credential });
  const until = performance.now() + ms;
  let calls = 0;
  const run = async () => {
    while (performance.now() < until) {
      await client.clientCredentials();
      calls++;
    }
  };
  await Promise.all([run(), run()]);
  return calls;
}
