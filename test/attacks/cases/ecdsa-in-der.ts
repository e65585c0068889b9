import { sign } from 'node:crypto';
import type { Attack } from '../attack.ts';
import { partsOf } from '../forge.ts';

const attack: Attack = {
  title: 'an ECDSA signature in DER, not in the one form of JWS, is refused',
  signed: (pen) => {
    const [header, payload] = partsOf(pen.mint({}, { key: pen.ec }));
    const input = `${header}.${payload}`;
    const der = sign('sha256', Buffer.from(input), pen.ec.privateKey);
    return [{ name: 'DER', token: `${input}.${der.toString('base64url')}`, codes: ['token_signature'] }];
  },
};
export default attack;
