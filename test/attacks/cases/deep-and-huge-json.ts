import type { Attack } from '../attack.ts';
import { headerOf, withParts } from '../forge.ts';

const deep = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);

const attack: Attack = {
  title: 'deep or huge JSON is refused, and breaks nothing',
  attempts: ({ token }) => {
    const { kid, alg } = headerOf(token);
    const header = (member: string) => `{"alg":"${alg}","kid":"${kid}",${member}}`;
    return [
      {
        name: 'a header of 8 KB',
        token: withParts(token, { header: header(`"x":${deep(3000)}`) }),
        codes: ['token_malformed'],
      },
      {
        name: 'a deep header',
        token: withParts(token, { header: header(`"x":${deep(1000)}`) }),
        codes: ['token_signature'],
      },
      {
        name: 'a deep typ',
        token: withParts(token, { header: header(`"typ":${deep(1000)}`) }),
        codes: ['token_type'],
      },
      {
        name: 'a deep payload',
        token: withParts(token, { payload: `{"iss":${deep(3000)}}` }),
        codes: ['token_signature'],
      },
      {
        name: 'many members',
        token: withParts(token, { payload: Object.fromEntries([...Array(500)].map((_, i) => [`c${i}`, i])) }),
        codes: ['token_signature'],
      },
      {
        name: 'a header that is a list',
        token: withParts(token, { header: '[]' }),
        codes: ['token_malformed'],
      },
      {
        name: 'a header that is a number',
        token: withParts(token, { header: '1' }),
        codes: ['token_malformed'],
      },
      {
        name: 'a header that is null',
        token: withParts(token, { header: 'null' }),
        codes: ['token_malformed'],
      },
      {
        name: 'a header that is not JSON',
        token: withParts(token, { header: '{"alg":' }),
        codes: ['token_malformed'],
      },
      {
        name: 'a header with a prototype',
        token: withParts(token, { header: `{"__proto__":{"alg":"${alg}","kid":"${kid}"}}` }),
        codes: ['token_algorithm'],
      },
    ];
  },
  signed: (pen) => [
    ...['[]', '1', 'null', '"x"', '', '{', '{}}', '\ufeff{}x'].map((payload) => ({
      name: `a payload ${JSON.stringify(payload)}`,
      token: pen.mint({}, { payload }),
      codes: ['token_malformed', 'token_claims'] as const,
    })),
    {
      name: 'a deep issuer, signed',
      token: pen.mint(
        {},
        { payload: JSON.stringify(pen.claims({ iss: 0 })).replace('"iss":0', `"iss":${deep(3000)}`) },
      ),
      codes: ['token_issuer'],
    },
  ],
};
export default attack;
