import type { Attack } from '../attack.ts';

const attack: Attack = {
  title: 'a token that is not valid yet is refused',
  signed: (pen) => [
    ...[6, 60, 1e6, 1e300].map((seconds) => ({
      name: `in ${seconds} s`,
      token: pen.mint({ nbf: pen.now + seconds }),
      codes: ['token_not_yet_valid'] as const,
      isByTheSecond: seconds < 60,
    })),
    ...['0', null, [], {}, true, { toString: null }].flatMap((value) => [
      {
        name: `nbf ${JSON.stringify(value)}`,
        token: pen.mint({ nbf: value }),
        codes: ['token_claims'] as const,
      },
      {
        name: `iat ${JSON.stringify(value)}`,
        token: pen.mint({ iat: value }),
        codes: ['token_claims'] as const,
      },
    ]),
  ],
};
export default attack;
