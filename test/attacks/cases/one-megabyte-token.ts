import type { Attack } from '../attack.ts';
import { partsOf, payloadOf, withParts } from '../forge.ts';

const attack: Attack = {
  title: 'a token of a megabyte is refused before anybody reads it',
  attempts: ({ token }) => [
    {
      name: 'padding in the payload',
      token: withParts(token, { payload: { ...payloadOf(token), x: 'x'.repeat(1e6) } }),
      codes: ['token_malformed'],
      httpStatus: 431,
    },
    { name: 'letters', token: 'x'.repeat(1e6), codes: ['token_malformed'], httpStatus: 431 },
    { name: 'dots', token: '.'.repeat(1e6), codes: ['token_malformed'], httpStatus: 431 },
    { name: '12 KiB of letters', token: 'A'.repeat(12e3), codes: ['token_malformed'] },
    { name: '12 KiB of dots', token: '.'.repeat(12e3), codes: ['token_malformed'] },
    {
      name: '12 KiB of signature',
      token: `${partsOf(token).slice(0, 2).join('.')}.${'A'.repeat(8e3)}`,
      codes: ['token_signature'],
    },
  ],
};
export default attack;
