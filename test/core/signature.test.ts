import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  importVerificationKey,
  type VerificationKey,
  verifySignature,
} from '../../packages/guard/src/core/jwt/signature.ts';
import { createTestKey, signBytes } from '../support/signing-keys.ts';

const rsa = createTestKey('RS256').jwk;
const ec = createTestKey('ES256').jwk;

it('a key is one for its algorithm alone, and a strong one', () => {
  for (const [jwk, alg] of [
    [rsa, 'ES256'],
    [rsa, 'EdDSA'],
    [ec, 'RS256'],
    [ec, 'ES384'],
    [createTestKey('RS256', { bits: 1024 }).jwk, 'RS256'],
    ...['AQ', 'Ag', 'BA'].map((e) => [{ ...rsa, e }, 'RS256'] as const),
    // A check of one costs a hundred times as much: 2^32 + 1, and 8,193 bits.
    [{ ...rsa, e: 'AQAAAAE' }, 'RS256'],
    [{ ...rsa, n: Buffer.from([1, ...Array(1_024).fill(255)]).toString('base64url') }, 'RS256'],
  ] as const)
    assert.throws(() => importVerificationKey(jwk, alg), { message: `The key is not fit for ${alg}` });
  for (const [jwk, alg] of [
    [rsa, 'PS512'],
    [{ ...rsa, e: 'Aw' }, 'RS256'],
    [{ ...rsa, e: 'AQAB', n: Buffer.alloc(1_024, 255).toString('base64url') }, 'RS256'],
    [ec, 'ES256'],
    [createTestKey('EdDSA').jwk, 'Ed25519'],
  ] as const)
    assert.equal(importVerificationKey(jwk, alg).alg, alg);
});

// RFC 8017 §8.1.2 and §8.2.2: a signature is as long as the modulus. OpenSSL reads one of RSASSA-PSS as a number.
describe('an RSA signature that lost its first byte, which was zero, is none', () => {
  const { jwk, privateKey } = createTestKey('RS256');

  for (const alg of ['RS256', 'PS256', 'PS384', 'PS512']) {
    it(alg, async () => {
      const { kty, n, e } = jwk;
      const key = importVerificationKey({ kty, n, e } as typeof jwk, alg);
      const webKey: VerificationKey = { ...key, options: { ...key.options, key: {} as never } };
      const { input, signature } = startingWithZero(alg);
      for (const verifies of [key, webKey]) {
        assert.equal(await verifySignature(input, signature, verifies), true);
        assert.equal(await verifySignature(input, signature.subarray(1), verifies), false);
        assert.equal(
          await verifySignature(input, Buffer.concat([Buffer.alloc(1), signature]), verifies),
          false,
        );
      }
    });
  }

  function startingWithZero(alg: string): { input: Buffer; signature: Buffer } {
    for (let i = 0; ; i++) {
      const input = Buffer.from(`header.payload${i}`);
      const signature = signBytes(input, privateKey, alg);
      if (signature[0] === 0) return { input, signature };
    }
  }
});
