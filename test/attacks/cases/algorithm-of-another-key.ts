import type { Attack } from '../attack.ts';
import { headerOf, withParts } from '../forge.ts';

const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'];

const attack: Attack = {
  title: 'a key is used with its own algorithm alone',
  attempts: ({ token, jwks }) =>
    jwks
      .filter(({ use }) => use === 'sig')
      .flatMap(({ kid, alg: own }) =>
        ALGORITHMS.filter((alg) => alg !== own).map((alg) => ({
          name: `${alg} with the key for ${own}`,
          token: withParts(token, { header: { ...headerOf(token), alg, kid } }),
          codes: ['token_algorithm'],
        })),
      ),
  signed: (pen) =>
    ['RS384', 'RS512', 'PS256', 'PS384', 'PS512'].map((alg) => ({
      name: `${alg}, rightly signed by the key for RS256`,
      token: pen.mint({}, { key: { ...pen.rsa, alg } }),
      codes: ['token_algorithm'],
    })),
};
export default attack;
