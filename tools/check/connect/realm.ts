import { createHash, generateKeyPairSync } from 'node:crypto';

/** A key for the suite's realms, and another one that is none of theirs. */
export interface SuiteKey {
  /** PKCS#1, base64 without header and footer, as Keycloak's key provider has it. */
  readonly privateKey: string;
  readonly publicKey: string;
  readonly pem: string;
  readonly otherPem: string;
  /** Keycloak's key ids are hashes. */
  readonly kid: string;
}

export function createSuiteKey(): SuiteKey {
  const { pem, privateKey, publicKey } = createPair();
  const kid = createHash('sha256').update(Buffer.from(publicKey, 'base64')).digest('base64url');
  return { pem, privateKey, publicKey, kid, otherPem: createPair().pem };
}

function createPair() {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return {
    pem: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    privateKey: privateKey.export({ type: 'pkcs1', format: 'der' }).toString('base64'),
    publicKey: publicKey.export({ type: 'spki', format: 'der' }).toString('base64'),
  };
}

interface Realm {
  realm?: string;
  privateKey?: string;
  publicKey?: string;
  certificate?: string;
  components?: Record<string, { providerId: string; config: Record<string, string[]> }[]>;
  clients?: { clientId: string; protocolMappers?: object[] }[];
  users?: {
    username: string;
    credentials?: { hashedSaltedValue?: string; type?: string; value?: string }[];
  }[];
}

const KEYS = 'org.keycloak.keys.KeyProvider';
/** Of test-user in nodejs-test, whose password stands there in a form that is no longer read. */
const PASSWORD = { type: 'password', value: 'tiger' };

/** Keycloak calls a token inactive when the client that asks is not in its audience. */
const AUDIENCE = {
  name: 'audience',
  protocol: 'openid-connect',
  protocolMapper: 'oidc-audience-mapper',
  config: { 'included.client.audience': 'customer-portal', 'access.token.claim': 'true' },
};

/** A realm of the suite that a Keycloak of today takes: with a key that is long enough, and no certificate that is over. */
export function toSuiteRealm(realm: Realm, { privateKey }: SuiteKey): Realm {
  const { publicKey: _, certificate: __, ...rest } = realm;
  for (const provider of rest.components?.[KEYS] ?? []) {
    if (provider.providerId !== 'rsa') continue;
    const { certificate: ___, ...config } = provider.config;
    provider.config = { ...config, privateKey: [privateKey] };
  }
  const portal = rest.clients?.find(({ clientId }) => clientId === 'customer-portal');
  if (portal !== undefined) portal.protocolMappers = [AUDIENCE];
  const users = rest.users?.map((user) =>
    user.credentials?.some(({ hashedSaltedValue }) => hashedSaltedValue !== undefined)
      ? { ...user, credentials: [PASSWORD] }
      : user,
  );
  return {
    ...rest,
    ...(rest.components?.[KEYS] === undefined ? { privateKey } : {}),
    ...(users === undefined ? {} : { users }),
  };
}
