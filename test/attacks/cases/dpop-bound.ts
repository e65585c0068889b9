import type { Attack } from '../attack.ts';

const attack: Attack = {
  title: 'a token that is bound to a key is not good as a bearer token',
  signed: (pen) =>
    [
      { cnf: { jkt: '0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I' } },
      { cnf: { 'x5t#S256': 'bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2' } },
      { cnf: {} },
      { cnf: null },
      { cnf: '' },
      { typ: 'DPoP' },
      { typ: 'DPoP', cnf: { jkt: 'x' } },
    ].map((changes) => ({ name: JSON.stringify(changes), token: pen.mint(changes), codes: ['token_bound'] })),
};
export default attack;
