import type { Attack } from '../attack.ts';
import { headerOf, withParts } from '../forge.ts';

const ORDER = 'ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551';
const ZERO = '00'.repeat(32);
const ONE = `${'00'.repeat(31)}01`;

const attack: Attack = {
  title: 'an ECDSA signature of zeros, or of the order of the curve, is refused',
  attempts: ({ token, jwks }) => {
    const key = jwks.find(({ alg }) => alg === 'ES256');
    if (key === undefined) return [];
    const pairs = [ZERO, ONE, ORDER, 'ff'.repeat(32)].flatMap((r) => [ZERO, ONE, ORDER].map((s) => r + s));
    return [...pairs, '', '00', '3006020100020100', '3006020101020101'].map((hex) => ({
      name: hex.slice(0, 16) || 'nothing',
      token: withParts(token, {
        header: { ...headerOf(token), alg: 'ES256', kid: key.kid },
        signature: Buffer.from(hex, 'hex').toString('base64url'),
      }),
      codes: ['token_signature'],
    }));
  },
};
export default attack;
