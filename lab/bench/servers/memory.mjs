// Lets a verifier see one new token after another, and tells how much memory the process holds meanwhile.
import { generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import { createVerifier } from '../../../packages/guard/dist/core/index.js';

const { TOKENS, EVERY } = process.env;
const { publicKey, privateKey } = generateKeyPairSync('ed25519');
const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'key', use: 'sig', alg: 'EdDSA' };
const issuer = 'http://keycloak.example/realms/testing';
const verifier = createVerifier({
  serverUrl: 'http://keycloak.example',
  realm: 'testing',
  clientId: 'my-api',
  fetch: async (url) =>
    Response.json(String(url).includes('openid-configuration') ? { issuer } : { keys: [jwk] }),
});

const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
const header = encode({ alg: 'EdDSA', typ: 'JWT', kid: 'key' });

function mint() {
  const now = Math.floor(Date.now() / 1000);
  const content = `${header}.${encode({
    ...{ iss: issuer, aud: ['my-api', 'account'], azp: 'my-api', typ: 'Bearer', iat: now, exp: now + 3600 },
    ...{ jti: randomUUID(), sub: randomUUID(), sid: randomUUID(), scope: 'openid profile email' },
    ...{ preferred_username: 'abdullah', name: 'Abdullah Alqahtani', email: 'abdullah@example.com' },
    realm_access: { roles: ['default-roles-testing', 'offline_access', 'uma_authorization', 'user'] },
    resource_access: { account: { roles: ['manage-account', 'manage-account-links', 'view-profile'] } },
  })}`;
  return `${content}.${sign(null, Buffer.from(content), privateKey).toString('base64url')}`;
}

await verifier.load();
for (let seen = 0; seen <= Number(TOKENS); seen++) {
  if (seen % Number(EVERY) === 0) {
    global.gc();
    const { heapUsed, rss } = process.memoryUsage();
    process.send({ seen, cached: verifier.status().cachedTokens, heapUsed, rss });
  }
  await verifier.verify(mint());
}
await verifier.close();
process.disconnect();
