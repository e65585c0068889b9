// A process with the embedded provider and as many realms as are asked for, each with a key of its own.
import { startDevIdp } from '@keycloak-guard/testing';

const realm = {
  realm: 'template',
  enabled: true,
  // Making an RSA key takes a hundred times as long.
  defaultSignatureAlgorithm: 'ES256',
  accessTokenLifespan: 3_600,
  clients: [{ clientId: 'shop', secret: 'only-for-the-benchmark' }],
  users: [{ username: 'ann', enabled: true }],
};
const idp = await startDevIdp({
  allowProduction: true,
  realm: { ...realm, realm: 'first' },
  realmTemplate: (name) => (/^t\d+$/.test(name) ? { ...realm, realm: name } : undefined),
});

type Asked = { readonly tokensOf?: readonly string[]; readonly hang?: boolean };

process.on('message', async ({ tokensOf = [], hang = false }: Asked) => {
  if (hang) idp.answerSlowly(3_600_000);
  const tokens: string[] = [];
  for (const name of tokensOf) {
    tokens.push(await idp.inRealm(name).issueToken({ username: 'ann', clientId: 'shop', session: false }));
  }
  process.send?.(tokens);
});
process.send?.(idp.url);
