import type { AuthErrorCode } from '../../packages/guard/src/core/index.ts';
import { createDpopClient, type DpopClient, type ProofChanges } from '../support/dpop.ts';

/** A request with a token that is good, and a proof that is not. */
export interface DpopAttack {
  /** Of RFC 9449 §4.3. */
  readonly step: string;
  readonly what: string;
  /** `undefined`: no header. */
  proof(): string | undefined;
  readonly code: AuthErrorCode;
}

export interface DpopScene {
  readonly client: DpopClient;
  /** Bound to the key of the client. */
  readonly token: string;
  readonly otherToken: string;
  /** That the request is for. */
  readonly uri: string;
  /** Unit: seconds since 1970. */
  now(): number;
}

/** What has to be refused, for each step of RFC 9449 §4.3. */
export function dpopAttacks({ client, token, otherToken, uri, now }: DpopScene): readonly DpopAttack[] {
  const { origin, pathname, host } = new URL(uri);
  const other = createDpopClient();
  const privateJwk = client.key.privateKey.export({ format: 'jwk' });
  const publicJwk = client.key.publicKey.export({ format: 'jwk' });
  const proofFor = (changes: ProofChanges = {}) => client.proof({ token, uri, now: now() }, changes);
  const rawProof = (payload: string) => proofFor({ payload });
  const rows: readonly [string, string, () => string | undefined, AuthErrorCode?][] = [
    ['1', 'no header', () => undefined, 'dpop_proof_missing'],
    ['1', 'an empty header', () => '', 'dpop_proof_missing'],
    ['1', 'two headers, as Node joins them', () => `${proofFor()}, ${proofFor()}`],
    ['1', 'two headers, as others join them', () => `${proofFor()},${proofFor()}`],
    ['2', 'what is no JWT', () => 'garbage'],
    ['2', 'a JWT with a part too many', () => `${proofFor()}.e30`],
    ['2', 'five parts', () => 'a.b.c.d.e'],
    ['2', 'a header that is no JSON', () => `bm8.${proofFor().split('.').slice(1).join('.')}`],
    ['2', 'a payload that is no object', () => proofFor({ payload: '[]' })],
    ['2', 'a proof longer than any', () => proofFor({ claims: { fill: 'x'.repeat(8_000) } })],
    ['2', 'base64url with bits over', () => `${proofFor().slice(0, -1)}_`],
    ['3', 'no jti', () => proofFor({ claims: { jti: undefined } })],
    ['3', 'an empty jti', () => proofFor({ claims: { jti: '' } })],
    ['3', 'a jti that is a number', () => proofFor({ claims: { jti: 7 } })],
    ['3', 'a jti without end', () => proofFor({ claims: { jti: 'x'.repeat(513) } })],
    ['3', 'no htm', () => proofFor({ claims: { htm: undefined } })],
    ['3', 'no htu', () => proofFor({ claims: { htu: undefined } })],
    ['3', 'a list of htu', () => proofFor({ claims: { htu: [uri] } })],
    ['3', 'no iat', () => proofFor({ claims: { iat: undefined } })],
    ['3', 'an iat that is a text', () => proofFor({ claims: { iat: String(now()) } })],
    [
      '3',
      'an iat without end',
      () => rawProof(`{"jti":"a","htm":"GET","htu":"${uri}","iat":1e999,"ath":"a"}`),
    ],
    ['3', 'no ath', () => proofFor({ claims: { ath: undefined } })],
    ['4', 'the typ of a JWT', () => proofFor({ header: { typ: 'JWT' } })],
    ['4', 'no typ', () => proofFor({ header: { typ: undefined } })],
    ['4', 'the access token itself', () => token],
    [
      '5',
      'alg none',
      () =>
        `${proofFor({ header: { alg: 'none' } })
          .split('.')
          .slice(0, 2)
          .join('.')}.`,
    ],
    ['5', 'a symmetric alg', () => proofFor({ header: { alg: 'HS256' } })],
    ['5', 'an alg that is no text', () => proofFor({ header: { alg: ['ES256'] } })],
    ['5', 'an alg of another kind than the key', () => proofFor({ header: { alg: 'RS256' } })],
    ['5', 'an alg of another curve', () => proofFor({ header: { alg: 'ES384' } })],
    ['5', 'crit', () => proofFor({ header: { crit: ['exp'], exp: 1 } })],
    ['5', 'b64', () => proofFor({ header: { b64: false } })],
    ['6', 'a signature of another key', () => proofFor({ signer: other.key })],
    ['6', 'a signature that was cut', () => `${proofFor().split('.').slice(0, 2).join('.')}.`],
    [
      '6',
      'the signature of another proof',
      () => [...proofFor().split('.').slice(0, 2), proofFor().split('.')[2]].join('.'),
    ],
    ['7', 'no jwk', () => proofFor({ header: { jwk: undefined } })],
    ['7', 'a jwk that is a text', () => proofFor({ header: { jwk: 'a' } })],
    ['7', 'a private key', () => proofFor({ header: { jwk: privateJwk } })],
    [
      '7',
      'a jwk with a private member that is null',
      () => proofFor({ header: { jwk: { ...publicJwk, d: null } } }),
    ],
    ['7', 'a symmetric key', () => proofFor({ header: { jwk: { kty: 'oct', k: 'c2VjcmV0' } } })],
    [
      '7',
      'a kind of key with the name of a method',
      () => proofFor({ header: { jwk: { kty: 'toString' } } }),
    ],
    ['7', 'a kind of key that is no text', () => proofFor({ header: { jwk: { kty: 1 } } })],
    ['7', 'a jwk without its y', () => proofFor({ header: { jwk: { ...publicJwk, y: undefined } } })],
    ['8', 'another method', () => proofFor({ claims: { htm: 'POST' } })],
    ['8', 'the method in small letters', () => proofFor({ claims: { htm: 'get' } })],
    ['9', 'another path', () => proofFor({ claims: { htu: `${uri.slice(0, -1)}` } })],
    ['9', 'a slash at the end', () => proofFor({ claims: { htu: `${uri}/` } })],
    [
      '9',
      'another case of the path',
      () => proofFor({ claims: { htu: `${origin}${pathname.toUpperCase()}` } }),
    ],
    ['9', 'another host', () => proofFor({ claims: { htu: `http://127.0.0.2${pathname}` } })],
    ['9', 'another port', () => proofFor({ claims: { htu: `http://127.0.0.1:1${pathname}` } })],
    ['9', 'https for http', () => proofFor({ claims: { htu: `https://${host}${pathname}` } })],
    ['9', 'a path alone', () => proofFor({ claims: { htu: pathname } })],
    ['9', 'a name before the host', () => proofFor({ claims: { htu: `http://me@${host}${pathname}` } })],
    ['9', 'a backslash', () => proofFor({ claims: { htu: `${origin}\\${pathname.slice(1)}` } })],
    ['9', 'a tab', () => proofFor({ claims: { htu: `${origin}/\t${pathname.slice(1)}` } })],
    ['9', 'a slash that is encoded', () => proofFor({ claims: { htu: `${origin}%2f${pathname.slice(1)}` } })],
    ['11', 'an iat of 26 seconds ago', () => proofFor({ claims: { iat: now() - 26 } })],
    ['11', 'an iat 16 seconds ahead', () => proofFor({ claims: { iat: now() + 16 } })],
    ['11', 'an iat in milliseconds', () => proofFor({ claims: { iat: now() * 1000 } })],
    ['12', 'the ath of another token', () => client.proof({ token: otherToken, uri: uri, now: now() })],
    ['12', 'an ath in hex', () => proofFor({ claims: { ath: 'ab'.repeat(32) } })],
  ];
  return rows.map(([step, what, proof, code = 'dpop_proof_invalid']) => ({ step, what, proof, code }));
}
