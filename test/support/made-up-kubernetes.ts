import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createTestKey, signCompact } from './signing-keys.ts';

/** Issues tokens of service accounts, as a Kubernetes cluster does for a projected volume. */
export interface MadeUpKubernetes {
  readonly issuer: string;
  /** A token of a service account, `namespace:name`. */
  tokenFor(account: string, audience: string, changes?: Record<string, unknown>): string;
  close(): void;
}

/** Its issuer with discovery document and keys, on loopback. */
export async function startMadeUpKubernetes(): Promise<MadeUpKubernetes> {
  const key = createTestKey('RS256');
  const server = createServer((request, response) => {
    const isKeys = request.url?.endsWith('/jwks');
    response.setHeader('content-type', 'application/json');
    response.end(
      JSON.stringify(isKeys ? { keys: [key.jwk] } : { issuer, jwks_uri: `${issuer}/openid/v1/jwks` }),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    issuer,
    tokenFor(account, audience, changes = {}) {
      const now = Math.floor(Date.now() / 1000);
      const claims = {
        iss: issuer,
        sub: `system:serviceaccount:${account}`,
        aud: [audience],
        iat: now,
        nbf: now,
        exp: now + 3600,
        jti: crypto.randomUUID(),
        ...changes,
      };
      return signCompact({ alg: 'RS256', typ: 'JWT', kid: key.kid }, claims, key.privateKey, 'RS256');
    },
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
