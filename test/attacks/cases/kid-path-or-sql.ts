import type { Attack } from '../attack.ts';
import { headerOf, signedByAttacker, withParts } from '../forge.ts';

const KIDS: readonly unknown[] = [
  '../../../../../../dev/null',
  '/etc/passwd',
  'file:///dev/null',
  "' OR '1'='1",
  "x' UNION SELECT 'secret' --",
  '$(id)',
  '|id',
  '__proto__',
  'constructor',
  'toString',
  '',
  '*',
  '\u0000',
  '\r\nX-Injected: 1',
  'x'.repeat(2900),
  null,
  0,
  1,
  true,
  [],
  {},
  { toString: null },
];

const attack: Attack = {
  title: 'a kid that is a path, SQL, a command or no text at all finds no key',
  attempts: ({ token }) => [
    ...KIDS.flatMap((kid) => [
      {
        name: `${JSON.stringify(kid).slice(0, 40)}, signature kept`,
        token: withParts(token, { header: { ...headerOf(token), kid } }),
        codes: ['token_key_unknown'] as const,
      },
      {
        name: `${JSON.stringify(kid).slice(0, 40)}, signed by the attacker`,
        token: signedByAttacker(token, { kid }),
        codes: ['token_key_unknown'] as const,
      },
    ]),
    {
      name: 'the kid in a list',
      token: withParts(token, { header: { ...headerOf(token), kid: [headerOf(token).kid] } }),
      codes: ['token_key_unknown'],
    },
  ],
};
export default attack;
