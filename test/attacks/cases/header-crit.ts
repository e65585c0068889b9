import type { Attack } from '../attack.ts';
import { headerOf, withParts } from '../forge.ts';

const VALUES = [['exp'], ['b64'], ['x-must-know'], [], null, '', 'exp', {}, 0, false];

const attack: Attack = {
  title: 'a token that says crit is refused, whatever crit holds',
  attempts: ({ token }) =>
    VALUES.map((crit) => ({
      name: `crit ${JSON.stringify(crit)}`,
      token: withParts(token, { header: { ...headerOf(token), crit, 'x-must-know': 1 } }),
      codes: ['token_malformed'],
    })),
  signed: (pen) =>
    VALUES.map((crit) => ({
      name: `crit ${JSON.stringify(crit)}, signed by the realm`,
      token: pen.mint({}, { header: { crit } }),
      codes: ['token_malformed'],
    })),
};
export default attack;
