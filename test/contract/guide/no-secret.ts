import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCredential } from '../../../packages/guard/src/core/index.ts';
import { startMadeUpKubernetes } from '../../support/made-up-kubernetes.ts';
import { CLIENT, type OtherCredential } from './provider.ts';

/** A credential that is no secret, with Keycloak's side of it. */
export interface NoSecret extends OtherCredential {
  /** What changes at the client. */
  readonly client: Record<string, unknown>;
  /** What the realm needs. */
  readonly identityProviders: Record<string, unknown>[];
  close(): void;
}

/** Nothing secret is in the environment of the service: only the path of a file. */
export const NO_SECRETS: Readonly<Record<string, (realm: string) => Promise<NoSecret>>> = {
  'a key file': startKeyFile,
  'a token file of Kubernetes': startTokenFile,
};

function createFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'no-secret-'));
  const write = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  };
  return { write, remove: () => rmSync(folder, { recursive: true }) };
}

const NO_SECRET = { KEYCLOAK_CLIENT_SECRET: '' };

async function startKeyFile(realm: string): Promise<NoSecret> {
  const { write, remove } = createFolder();
  const toPem = () =>
    generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' });
  const [keyFile, otherKeyFile] = [write('key.pem', String(toPem())), write('other.pem', String(toPem()))];
  const credential = createCredential({ clientId: CLIENT.id, credential: { keyFile } });
  const jwks = JSON.stringify(await credential.publicKeys());
  return {
    settings: () => ({ ...NO_SECRET, KEYCLOAK_CLIENT_KEY_FILE: keyFile }),
    wrong: () => ({ ...NO_SECRET, KEYCLOAK_CLIENT_KEY_FILE: otherKeyFile }),
    fields: (url) => fieldsOf(credential, `${url}/realms/${realm}`),
    client: {
      clientAuthenticatorType: 'client-jwt',
      attributes: { 'use.jwks.string': 'true', 'jwks.string': jwks },
    },
    identityProviders: [],
    close: remove,
  };
}

async function startTokenFile(realm: string): Promise<NoSecret> {
  const { write, remove } = createFolder();
  const kubernetes = await startMadeUpKubernetes();
  const tokenFile = (account: string, url: string) => {
    const token = kubernetes.tokenFor(account, `${url}/realms/${realm}`);
    return write(`token-${account.replace(':', '-')}`, token);
  };
  const settingsOf = (account: string, url: string) => ({
    ...NO_SECRET,
    KEYCLOAK_CLIENT_TOKEN_FILE: tokenFile(account, url),
  });
  return {
    settings: (url) => settingsOf('shop:api', url),
    wrong: (url) => settingsOf('shop:other', url),
    fields(url) {
      const options = { clientId: CLIENT.id, credential: { tokenFile: tokenFile('shop:api', url) } };
      return fieldsOf(createCredential(options), `${url}/realms/${realm}`);
    },
    client: {
      clientAuthenticatorType: 'federated-jwt',
      attributes: {
        'jwt.credential.issuer': 'cluster',
        'jwt.credential.sub': 'system:serviceaccount:shop:api',
      },
    },
    identityProviders: [
      { alias: 'cluster', providerId: 'kubernetes', enabled: true, config: { issuer: kubernetes.issuer } },
    ],
    close() {
      kubernetes.close();
      remove();
    },
  };
}

/** As the client of the library proves itself at this issuer. */
async function fieldsOf(
  credential: ReturnType<typeof createCredential>,
  issuer: string,
): Promise<Record<string, string>> {
  let shown: Readonly<Record<string, string>> = {};
  const realm = { discover: async () => ({ issuer, metadata: { issuer }, isFollowingCaller: false }) };
  await credential.authenticate(realm, async ({ fields }) => {
    shown = fields;
    return { status: 200, body: '' };
  });
  return { ...shown };
}
