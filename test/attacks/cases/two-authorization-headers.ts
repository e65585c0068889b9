import type { Attack } from '../attack.ts';
import { signedByAttacker } from '../forge.ts';

const attack: Attack = {
  title: 'a request with two Authorization headers is refused, even where both are good',
  attempts: ({ token, otherToken }) => {
    const bad = signedByAttacker(token);
    const pairs: [string, string, string][] = [
      ['good and bad', `Authorization: Bearer ${token}`, `Authorization: Bearer ${bad}`],
      ['bad and good', `Authorization: Bearer ${bad}`, `Authorization: Bearer ${token}`],
      ['two good ones', `Authorization: Bearer ${token}`, `authorization: Bearer ${otherToken}`],
      ['the same twice', `AUTHORIZATION: Bearer ${token}`, `Authorization: Bearer ${token}`],
      ['Basic and Bearer', 'Authorization: Basic eDp5', `Authorization: Bearer ${token}`],
      ['Bearer and Basic', `Authorization: Bearer ${token}`, 'Authorization: Basic eDp5'],
    ];
    return [
      ...pairs.map(([name, ...lines]) => ({
        name,
        lines,
        codes: ['ambiguous_credentials'] as const,
        httpStatus: 400,
      })),
      {
        name: 'two tokens in one header',
        lines: [`Authorization: Bearer ${token}, Bearer ${otherToken}`],
        // Fetch joins two headers to one, and cannot tell.
        codes: ['token_malformed', 'ambiguous_credentials'],
      },
      {
        name: 'a token and a parameter',
        lines: [`Authorization: Bearer ${token} realm="x"`],
        codes: ['token_malformed'],
      },
      { name: 'Bearer twice', lines: [`Authorization: Bearer Bearer ${token}`], codes: ['token_malformed'] },
      {
        name: 'a name of its own',
        lines: [`Authorization: Bearer token=${token}`],
        codes: ['token_malformed'],
      },
      { name: 'quotes', lines: [`Authorization: Bearer "${token}"`], codes: ['token_malformed'] },
      { name: 'the scheme Token', lines: [`Authorization: Token ${token}`], codes: ['unsupported_scheme'] },
      { name: 'a tab', lines: [`Authorization: Bearer\t${token}`], codes: ['unsupported_scheme'] },
    ];
  },
};
export default attack;
