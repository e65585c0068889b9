import type { Attack } from '../attack.ts';
import { partsOf, withParts } from '../forge.ts';

const attack: Attack = {
  title: 'a token with a signature cut, grown or changed in one bit is refused',
  attempts: ({ token }) => {
    const bytes = Buffer.from(partsOf(token)[2], 'base64url');
    const signatures: [string, Buffer][] = [
      ['one byte less', bytes.subarray(0, -1)],
      ['the first byte missing', bytes.subarray(1)],
      ['half of it', bytes.subarray(0, bytes.length / 2)],
      ['one byte', bytes.subarray(0, 1)],
      ['one byte more', Buffer.concat([bytes, Buffer.from([0])])],
      ['one byte more in front', Buffer.concat([Buffer.from([0]), bytes])],
      ['twice', Buffer.concat([bytes, bytes])],
      ['zeros', Buffer.alloc(bytes.length)],
      ['ones', Buffer.alloc(bytes.length, 255)],
      ...[0, 7, bytes.length * 4, bytes.length * 8 - 1].map((bit): [string, Buffer] => {
        const changed = Buffer.from(bytes);
        changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
        return [`bit ${bit} turned`, changed];
      }),
    ];
    return signatures.map(([name, signature]) => ({
      name,
      token: withParts(token, { signature: signature.toString('base64url') }),
      codes: ['token_signature'],
    }));
  },
};
export default attack;
