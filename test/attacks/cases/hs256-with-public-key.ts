import { createPublicKey } from 'node:crypto';
import type { Attack } from '../attack.ts';
import { headerOf, signedByMac } from '../forge.ts';

const attack: Attack = {
  title: 'a token signed by HMAC with the public key as its secret is refused',
  attempts: ({ token, jwks }) => {
    const jwk = jwks.find(({ kid }) => kid === headerOf(token).kid) as (typeof jwks)[number];
    const key = createPublicKey({ key: jwk, format: 'jwk' });
    const pem = key.export({ format: 'pem', type: 'spki' }) as string;
    const secrets: [string, string | Buffer][] = [
      ['PEM', pem],
      ['PEM without the last line end', pem.trimEnd()],
      ['DER', key.export({ format: 'der', type: 'spki' })],
      ['JWK', JSON.stringify(jwk)],
      ['modulus', Buffer.from((jwk.n ?? jwk.x) as string, 'base64url')],
      ['nothing', ''],
    ];
    return secrets.flatMap(([name, secret]) =>
      ['256', '384', '512'].map((bits) => ({
        name: `HS${bits}, ${name}`,
        token: signedByMac(token, { alg: `HS${bits}` }, secret, `sha${bits}`),
        codes: ['token_algorithm'] as const,
      })),
    );
  },
};
export default attack;
