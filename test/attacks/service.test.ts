import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import type { AuthErrorCode } from '../../packages/guard/src/core/index.ts';
import {
  type DevIdp,
  type StoredKeys,
  startDevIdp,
  type TokenRequest,
} from '../../packages/testing/src/index.ts';
import { createTestKey, signCompact, type TestKey } from '../support/signing-keys.ts';
import type { Attempt, Pen, Target } from './attack.ts';
import { payloadOf } from './forge.ts';
import { type AttackedProvider, serviceAttacks } from './service-attacks.ts';

const realmFile = new URL('../../packages/testing/testing-realm.json', import.meta.url);

/** An insider has the keys. */
function readPen(keys: StoredKeys): (target: Target) => Pen {
  const own = keys.signing.map((jwk) => createPrivateKey({ key: jwk, format: 'jwk' }));
  const now = Math.floor(Date.now() / 1000);
  return ({ jwks, token }) => {
    const toKey = (wanted: string): TestKey => {
      const jwk = jwks.find(({ alg }) => alg === wanted) as Target['jwks'][number];
      const publicKey = createPublicKey({ key: jwk, format: 'jwk' });
      const privateKey = own.find((key) => createPublicKey(key).equals(publicKey)) as KeyObject;
      return { kid: jwk.kid, alg: wanted, use: 'sig', privateKey, publicKey, jwk };
    };
    const rsa = toKey('RS256');
    const claims = (changes = {}) => ({ ...payloadOf(token), ...changes });
    return {
      rsa,
      ec: toKey('ES256'),
      ed: createTestKey('EdDSA'),
      // Its private half is thrown away by the provider: this one has its id alone.
      encryption: createTestKey('RSA-OAEP', { kid: jwks.find(({ use }) => use === 'enc')!.kid, use: 'enc' }),
      now,
      claims,
      mint(changes = {}, { key = rsa, header = {}, payload } = {}) {
        const all = { alg: key.alg, typ: 'JWT', kid: key.kid, ...header };
        return signCompact(all, payload ?? claims(changes), key.privateKey, key.alg);
      },
    };
  };
}

const FORGERIES: readonly [string, TokenRequest, AuthErrorCode][] = [
  ['another key under a kid of the realm', { key: 'unknown' }, 'token_signature'],
  ['another key under its own kid', { key: 'unknown-kid' }, 'token_key_unknown'],
  ['HS256 with the public key', { key: 'public-key-as-secret' }, 'token_algorithm'],
  ['no signature', { key: 'none' }, 'token_algorithm'],
  ['one bit of the signature', { key: 'broken' }, 'token_signature'],
  ['an ID token', { type: 'id' }, 'token_type'],
  ['a refresh token', { type: 'refresh' }, 'token_algorithm'],
  ['a refresh token, signed as access tokens are', { type: 'refresh', key: 'RS256' }, 'token_type'],
  ['that expired', { claims: { exp: 1 } }, 'token_expired'],
  ['of another issuer', { claims: { iss: 'https://sso.example.com/realms/testing' } }, 'token_issuer'],
  ['for another client', { claims: { aud: 'account', azp: 'other' } }, 'token_audience'],
  ['bound to a key', { claims: { cnf: { jkt: 'x' } } }, 'token_bound'],
  ['with crit', { header: { crit: ['exp'] } }, 'token_malformed'],
];

async function forge(idp: DevIdp, others: readonly DevIdp[]): Promise<Attempt[]> {
  const forged = FORGERIES.map(async ([name, request, code]) => ({
    name,
    token: await idp.issueToken(request),
    codes: [code],
  }));
  const foreign = others.map(async (other) => ({
    name: 'of another server',
    token: await other.issueToken(),
    codes: ['token_key_unknown'] as const,
  }));
  return Promise.all([...forged, ...foreign]);
}

serviceAttacks('the embedded provider', async (): Promise<AttackedProvider> => {
  const idp = await startDevIdp({ realmFile });
  const other = await startDevIdp({ realmFile });
  // As in Keycloak, a key of another kind is there from its first token on.
  await idp.issueToken({ key: 'ES256' });
  const pen = readPen(idp.exportKeys());
  return {
    url: idp.url,
    realm: idp.realm,
    pen,
    forgeries: () => forge(idp, [other]),
    async close() {
      await Promise.all([idp.close(), other.close()]);
    },
  };
});
