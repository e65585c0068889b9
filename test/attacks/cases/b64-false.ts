import type { Attack } from '../attack.ts';
import { headerOf, partsOf, withParts } from '../forge.ts';

const attack: Attack = {
  title: 'a token with an unencoded payload (b64 false) is refused',
  attempts: ({ token }) =>
    [{ b64: false, crit: ['b64'] }, { b64: false }, { b64: true, crit: ['b64'] }, { b64: null }].map(
      (more) => ({
        name: JSON.stringify(more),
        token: withParts(token, { header: { ...headerOf(token), ...more } }),
        codes: ['token_malformed'],
      }),
    ),
  signed: (pen, { token }) => [
    {
      name: 'signed by the realm',
      token: pen.mint({}, { header: { b64: false, crit: ['b64'] } }),
      codes: ['token_malformed'],
    },
    {
      name: 'the payload as it is',
      token: `${partsOf(token)[0]}.{"typ":"Bearer"}.${partsOf(token)[2]}`,
      codes: ['token_malformed'],
    },
  ],
};
export default attack;
