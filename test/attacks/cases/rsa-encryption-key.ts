import type { Attack } from '../attack.ts';

const attack: Attack = {
  title: "a token signed with the realm's encryption key is refused",
  signed: (pen) =>
    ['RS256', 'PS256', 'RSA-OAEP'].map((alg) => ({
      name: alg,
      token: pen.mint(
        {},
        { key: { ...pen.encryption, alg: alg === 'RSA-OAEP' ? 'RS256' : alg }, header: { alg } },
      ),
      codes: ['token_key_unknown', 'token_algorithm'],
    })),
};
export default attack;
