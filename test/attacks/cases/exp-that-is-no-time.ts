import type { Attack } from '../attack.ts';

const attack: Attack = {
  title: 'a token whose exp is missing, a text, negative or beyond time is refused',
  signed: (pen) => [
    { name: 'missing', token: pen.mint({ exp: undefined }), codes: ['token_claims'] },
    ...[`${pen.now + 300}`, '', null, [pen.now + 300], {}, true, { toString: null }].map((exp) => ({
      name: JSON.stringify(exp),
      token: pen.mint({ exp }),
      codes: ['token_claims'] as const,
    })),
    ...[0, -1, -1e15].map((exp) => ({
      name: `${exp}`,
      token: pen.mint({ exp }),
      codes: ['token_expired'] as const,
    })),
    { name: 'in milliseconds', token: pen.mint({ exp: (pen.now + 300) * 1000 }), codes: ['token_claims'] },
    { name: 'in microseconds', token: pen.mint({ exp: (pen.now + 300) * 1e6 }), codes: ['token_claims'] },
    ...['100000000001', '8640000000001', '1e300', '1e999'].map((exp) => ({
      name: exp,
      token: pen.mint({}, { payload: JSON.stringify(pen.claims()).replace(/"exp":\d+/, `"exp":${exp}`) }),
      codes: ['token_claims'] as const,
    })),
  ],
};
export default attack;
