import { createHash, randomUUID } from 'node:crypto';
import { createTestKey, type Part, signCompact, type TestKey } from './signing-keys.ts';

/** A client that holds a key, written without any of the library's code. */
export interface DpopClient {
  readonly key: TestKey;
  /** RFC 7638. */
  readonly jkt: string;
  /** A proof (RFC 9449 §4.2), with the changes; a member that is `undefined` is left out. */
  proof(request: ProofOf, changes?: ProofChanges): string;
}

export interface ProofOf {
  readonly token?: string;
  readonly method?: string;
  readonly uri: string;
  /** Unit: seconds since 1970. */
  readonly now: number;
}

export interface ProofChanges {
  readonly header?: Record<string, unknown>;
  readonly claims?: Record<string, unknown>;
  readonly payload?: Part;
  /** Signs instead of the client's own key. */
  readonly signer?: TestKey;
}

export function createDpopClient(alg = 'ES256', bits?: number): DpopClient {
  const key = createTestKey(alg, bits === undefined ? {} : { bits });
  const jwk = key.publicKey.export({ format: 'jwk' });
  const { crv, e, kty, n, x, y } = jwk;
  // JSON leaves out what is undefined; the order is that of RFC 7638 §3.3.
  const jkt = sha256(JSON.stringify({ crv, e, kty, n, x, y }));
  return {
    key,
    jkt,
    proof({ token, method = 'GET', uri, now }, { header, claims, payload, signer = key } = {}) {
      const ath = token === undefined ? undefined : sha256(token);
      return signCompact(
        { typ: 'dpop+jwt', alg, jwk, ...header },
        payload ?? { jti: randomUUID(), htm: method, htu: uri, iat: now, ath, ...claims },
        signer.privateKey,
        signer.alg,
      );
    },
  };
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('base64url');
