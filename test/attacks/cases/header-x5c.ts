import type { Attack } from '../attack.ts';
import { ownKey, signedByAttacker } from '../forge.ts';

const attack: Attack = {
  title: 'a certificate that a token brings along in x5c is not used',
  attempts: ({ token }) => {
    const x5c = [ownKey().publicKey.export({ format: 'der', type: 'spki' }).toString('base64')];
    const codes = ['token_signature', 'token_algorithm'] as const;
    return [
      { name: 'x5c', token: signedByAttacker(token, { x5c }), codes },
      { name: 'x5t', token: signedByAttacker(token, { x5c, x5t: 'AAAA', 'x5t#S256': 'AAAA' }), codes },
      {
        name: 'a kid of its own',
        token: signedByAttacker(token, { x5c, kid: 'x' }),
        codes: ['token_key_unknown'],
      },
    ];
  },
};
export default attack;
