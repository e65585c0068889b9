import type { Attack } from '../attack.ts';
import { partsOf } from '../forge.ts';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** The same bytes in another spelling: base64 ignores the last bits of the last character. */
function respell(part: string): string[] {
  const unused = part.length % 4 === 2 ? 16 : part.length % 4 === 3 ? 4 : 1;
  const last = ALPHABET.indexOf(part.at(-1) as string);
  return Array.from({ length: unused - 1 }, (_, i) => part.slice(0, -1) + ALPHABET[last + i + 1]);
}

const attack: Attack = {
  title: 'base64url with padding, line ends, other letters or junk in its unused bits is refused',
  attempts: ({ token }) => {
    const parts = partsOf(token);
    const at = (index: number, part: string) => parts.map((one, i) => (i === index ? part : one)).join('.');
    return parts.flatMap((part, index) => [
      ...respell(part).map((spelling) => ({
        name: `junk bits in part ${index}`,
        token: at(index, spelling),
        codes: ['token_malformed'] as const,
      })),
      ...['=', '==', '%3D', '+', '/', '~', '*', ' x', '\t', '"'].map((junk) => ({
        name: `${JSON.stringify(junk)} in part ${index}`,
        token: at(index, part + junk + (junk === '\t' ? 'x' : '')),
        codes: ['token_malformed'] as const,
      })),
      {
        name: `a letter more in part ${index}`,
        token: at(index, `${part}A`),
        codes: ['token_malformed', 'token_signature'] as const,
      },
    ]);
  },
};
export default attack;
