import { encodePart } from '../../support/signing-keys.ts';
import type { Attack } from '../attack.ts';
import { headerOf, withParts } from '../forge.ts';

const broken = (text: string) =>
  Buffer.concat([Buffer.from(text.slice(0, -1)), Buffer.from([0xff, 0xfe]), Buffer.from('"}')]);

const attack: Attack = {
  title: 'a token whose parts are not UTF-8 is refused',
  attempts: ({ token }) => [
    {
      name: 'the header',
      token: withParts(token, { header: broken(`{"alg":"RS256","kid":"${headerOf(token).kid}"`) }),
      codes: ['token_malformed', 'token_key_unknown'],
    },
    { name: 'a byte above 127', lines: [`Authorization: Bearer ${token}é`], codes: ['token_malformed'] },
    {
      name: 'a full-width dot',
      lines: [`Authorization: Bearer ${encodePart('{}')}．a．b`],
      codes: ['token_malformed'],
    },
  ],
  signed: (pen) => [
    {
      name: 'the payload, signed by the realm',
      token: pen.mint(
        {},
        {
          payload: Buffer.concat([
            Buffer.from(JSON.stringify(pen.claims()).slice(0, -1)),
            Buffer.from(',"x":"'),
            Buffer.from([0xff]),
            Buffer.from('"}'),
          ]),
        },
      ),
      codes: ['token_malformed'],
    },
    {
      name: 'a UTF-16 payload, signed by the realm',
      token: pen.mint({}, { payload: Buffer.from(JSON.stringify(pen.claims()), 'utf16le') }),
      codes: ['token_malformed'],
    },
  ],
};
export default attack;
