import type { Attack } from '../attack.ts';
import { headerOf, partsOf, payloadOf, withParts } from '../forge.ts';

const attack: Attack = {
  title: 'a token with parts of another token is refused',
  attempts: ({ token, otherToken }) => [
    {
      name: 'the signature of another',
      token: withParts(token, { signature: partsOf(otherToken)[2] }),
      codes: ['token_signature'],
    },
    {
      name: 'the payload of another, and the signature that is cached',
      token: [partsOf(token)[0], partsOf(otherToken)[1], partsOf(token)[2]].join('.'),
      codes: ['token_signature'],
    },
    {
      name: 'a role more',
      token: withParts(token, { payload: { ...payloadOf(token), realm_access: { roles: ['admin'] } } }),
      codes: ['token_signature'],
    },
    {
      name: 'a longer life',
      token: withParts(token, { payload: { ...payloadOf(token), exp: 4e9 } }),
      codes: ['token_signature'],
    },
    {
      name: 'the same claims in other bytes',
      token: withParts(token, { payload: JSON.stringify(payloadOf(token), null, 1) }),
      codes: ['token_signature'],
    },
    {
      name: 'a header with a member more',
      token: withParts(token, { header: { ...headerOf(token), note: 1 } }),
      codes: ['token_signature'],
    },
  ],
};
export default attack;
