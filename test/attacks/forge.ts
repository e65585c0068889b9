import { createHmac } from 'node:crypto';
import {
  createTestKey,
  decodePart,
  encodePart,
  type Part,
  signBytes,
  type TestKey,
} from '../support/signing-keys.ts';

let own: TestKey | undefined;
/** The attacker's own RSA key. */
export const ownKey = (): TestKey => {
  own ??= createTestKey('RS256', { kid: 'attacker' });
  return own;
};

export const headerOf = (token: string) => decodePart(token, 0);
export const payloadOf = (token: string) => decodePart(token, 1);
export const partsOf = (token: string) => token.split('.') as [string, string, string];

/** The token with another header, payload or signature; what is not given stays. */
export function withParts(
  token: string,
  parts: { header?: Part; payload?: Part; signature?: string },
): string {
  const [header, payload, signature] = partsOf(token);
  return [
    parts.header === undefined ? header : encodePart(parts.header),
    parts.payload === undefined ? payload : encodePart(parts.payload),
    parts.signature ?? signature,
  ].join('.');
}

/** The claims of the token under a header of one's own, signed by the attacker's own key. */
export function signedByAttacker(token: string, header: object = {}, claims: object = {}): string {
  const input = `${encodePart({ ...headerOf(token), alg: 'RS256', ...header })}.${encodePart({ ...payloadOf(token), ...claims })}`;
  return `${input}.${signBytes(input, ownKey().privateKey, 'RS256').toString('base64url')}`;
}

export function signedByMac(token: string, header: object, secret: string | Buffer, hash: string): string {
  const input = `${encodePart({ ...headerOf(token), ...header })}.${encodePart(payloadOf(token))}`;
  return `${input}.${createHmac(hash, secret).update(input).digest('base64url')}`;
}
