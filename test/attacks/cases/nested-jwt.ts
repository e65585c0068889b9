import type { Attack } from '../attack.ts';
import { headerOf, signedByAttacker, withParts } from '../forge.ts';

const attack: Attack = {
  title: 'a token inside a token is not looked into',
  attempts: ({ token }) => [
    {
      name: 'a good token as the payload, the signature of it around',
      token: withParts(token, { header: { ...headerOf(token), cty: 'JWT' }, payload: token }),
      codes: ['token_signature'],
    },
    {
      name: 'signed by the attacker',
      token: signedByAttacker(withParts(token, { payload: { jwt: token } }), { cty: 'JWT' }),
      codes: ['token_signature', 'token_algorithm'],
    },
  ],
  signed: (pen, { token }) => [
    {
      name: 'a good token as the payload, signed by the realm',
      token: pen.mint({}, { header: { cty: 'JWT' }, payload: token }),
      codes: ['token_malformed'],
    },
  ],
};
export default attack;
