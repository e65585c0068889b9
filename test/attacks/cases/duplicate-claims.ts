import type { Attack } from '../attack.ts';
import { headerOf, withParts } from '../forge.ts';

const attack: Attack = {
  title: 'of duplicate members the last one counts (RFC 7519 §4), for whoever reads the token',
  attempts: ({ token }) => {
    const header = JSON.stringify(headerOf(token));
    return [
      {
        name: 'alg twice, none last',
        token: withParts(token, { header: header.replace('}', ',"alg":"none"}') }),
        codes: ['token_algorithm'],
      },
      {
        name: 'alg twice, none first',
        token: withParts(token, { header: header.replace('{', '{"alg":"none",'), signature: '' }),
        codes: ['token_signature'],
      },
    ];
  },
  signed: (pen) => {
    const twice = (last: string) =>
      pen.mint({}, { payload: JSON.stringify(pen.claims()).replace(/\}$/, `,${last}}`) });
    return [
      { name: 'exp', token: twice(`"exp":${pen.now - 60}`), codes: ['token_expired'] },
      { name: 'iss', token: twice('"iss":"https://attacker.example.com"'), codes: ['token_issuer'] },
      { name: 'typ', token: twice('"typ":"ID"'), codes: ['token_type'] },
      { name: 'aud and azp', token: twice('"aud":"x","azp":"x"'), codes: ['token_audience'] },
    ];
  },
};
export default attack;
