import type { Attack } from '../attack.ts';
import { headerOf, withParts } from '../forge.ts';

const SPELLINGS = [
  'none',
  'None',
  'NONE',
  'nOnE',
  'none ',
  ' none',
  'none\u0000',
  'ｎone',
  '',
  'null',
  'undefined',
];
const OTHERS: readonly unknown[] = [null, false, 0, [], ['RS256'], ['none'], {}, { toString: 'RS256' }];

const attack: Attack = {
  title: 'a token with alg none, in any spelling, is refused',
  attempts: ({ token }) =>
    [...SPELLINGS, ...OTHERS].flatMap((alg) =>
      [withParts(token, { header: { ...headerOf(token), alg } })].flatMap(
        (forged) =>
          [
            { name: `alg ${JSON.stringify(alg)}, signature kept`, token: forged, codes: ['token_algorithm'] },
            {
              name: `alg ${JSON.stringify(alg)}, no signature`,
              token: withParts(forged, { signature: '' }),
              codes: ['token_algorithm'],
            },
          ] as const,
      ),
    ),
};
export default attack;
