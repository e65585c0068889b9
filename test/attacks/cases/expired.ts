import type { Attack } from '../attack.ts';

const attack: Attack = {
  title: 'an expired token is refused, and the tolerance ends where it should',
  signed: (pen) =>
    [-5, -6, -300, -1e6].map((seconds) => ({
      name: `${-seconds} s ago`,
      token: pen.mint({ exp: pen.now + seconds }),
      codes: ['token_expired'],
    })),
};
export default attack;
