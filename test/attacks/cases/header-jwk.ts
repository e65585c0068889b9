import type { Attack } from '../attack.ts';
import { headerOf, ownKey, signedByAttacker } from '../forge.ts';

const attack: Attack = {
  title: 'a key that a token brings along in jwk is not used',
  attempts: ({ token }) => [
    {
      name: 'the kid of the realm',
      token: signedByAttacker(token, { jwk: { ...ownKey().jwk, kid: headerOf(token).kid } }),
      codes: ['token_signature', 'token_algorithm'],
    },
    {
      name: 'its own kid',
      token: signedByAttacker(token, { kid: ownKey().kid, jwk: ownKey().jwk }),
      codes: ['token_key_unknown'],
    },
    {
      name: 'no kid',
      token: signedByAttacker(token, { kid: undefined, jwk: ownKey().jwk }),
      codes: ['token_key_unknown'],
    },
  ],
};
export default attack;
