import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CompactSign } from 'jose';
import { createKey } from '../tokens/keys.ts';

/** A token of a service account for {@link TestCluster.issueToken}. */
export interface ServiceAccountToken {
  /** Namespace of the service account. Default `default`. */
  namespace?: string;
  /** Name of the service account. Default `default`. */
  name?: string;
  /** The issuer of the realm: who the token is for, as `audience` of a projected volume. */
  audience: string;
  /** Lifetime, as `expirationSeconds` of a projected volume. Unit: seconds. Default 3,600. */
  expirationSeconds?: number;
  /** Adds or replaces claims; `undefined` removes one. Default none. */
  claims?: Record<string, unknown>;
}

/** The part of Kubernetes that a Keycloak talks to if it accepts tokens of service accounts. */
export interface TestCluster {
  /** Issuer of the tokens, for `issuer` of the identity provider: `http://127.0.0.1:<port>`. */
  readonly issuer: string;
  /**
   * The token that Kubernetes writes into the file of a container.
   *
   * @example
   * const cluster = await startTestCluster();
   * const token = await cluster.issueToken({ namespace: 'shop', name: 'orders', audience: idp.issuer });
   */
  issueToken(token: ServiceAccountToken): Promise<string>;
  /** Signs with a new key from now on. The old one is not published any more. */
  rotateKeys(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Starts a stand-in for Kubernetes on a free port of this machine: it issues tokens of service accounts, and publishes its keys.
 *
 * @example
 * const cluster = await startTestCluster();
 * idp.updateRealm({
 *   identityProviders: [{ alias: 'kubernetes', providerId: 'kubernetes', config: { issuer: cluster.issuer } }],
 * });
 */
export async function startTestCluster(): Promise<TestCluster> {
  let key = await createKey('RS256');
  const server = createServer((request, response) => {
    const documents: Record<string, unknown> = {
      '/.well-known/openid-configuration': { issuer, jwks_uri: `${issuer}/openid/v1/jwks` },
      '/openid/v1/jwks': { keys: [key.publicJwk] },
    };
    const document = documents[request.url ?? ''];
    response.writeHead(document === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(document ?? {}));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  return {
    issuer,
    async issueToken({
      namespace = 'default',
      name = 'default',
      audience,
      expirationSeconds = 3600,
      claims,
    }) {
      const now = Math.floor(Date.now() / 1000);
      const payload = {
        aud: [audience],
        exp: now + expirationSeconds,
        iat: now,
        iss: issuer,
        jti: randomUUID(),
        'kubernetes.io': { namespace, serviceaccount: { name, uid: randomUUID() } },
        nbf: now,
        sub: `system:serviceaccount:${namespace}:${name}`,
        ...claims,
      };
      const { kid, alg, privateKey } = key;
      return new CompactSign(new TextEncoder().encode(JSON.stringify(payload)))
        .setProtectedHeader({ alg, kid })
        .sign(privateKey);
    },
    async rotateKeys() {
      key = await createKey('RS256');
    },
    async close() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}
