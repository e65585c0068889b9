import { encodePart } from '../../support/signing-keys.ts';
import type { Attack } from '../attack.ts';
import { partsOf } from '../forge.ts';

const attack: Attack = {
  title: 'an encrypted token (JWE) is refused',
  attempts: ({ token, jwks }) => {
    const kid = jwks.find(({ use }) => use === 'enc')?.kid ?? 'x';
    const [header, payload, signature] = partsOf(token);
    return [
      ['RSA-OAEP', 'A256GCM'],
      ['dir', 'A128GCM'],
      ['none', 'none'],
    ]
      .map(([alg, enc]) => encodePart({ alg, enc, kid, cty: 'JWT' }))
      .flatMap((protectedHeader) => [
        {
          name: 'five parts',
          token: `${protectedHeader}.${signature}.AAAA.${payload}.AAAA`,
          codes: ['token_encrypted'] as const,
        },
        {
          name: 'no key',
          token: `${protectedHeader}..AAAA.${payload}.AAAA`,
          codes: ['token_encrypted'] as const,
        },
        {
          name: 'three parts',
          token: `${protectedHeader}.${payload}.${signature}`,
          codes: ['token_algorithm'] as const,
        },
        {
          name: 'six parts',
          token: `${header}.${payload}.${signature}.a.b.c`,
          codes: ['token_malformed'] as const,
        },
      ]);
  },
};
export default attack;
