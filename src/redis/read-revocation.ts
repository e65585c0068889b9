import type { Revocation } from '../core/index.ts';

/** What each kind must have besides `issuer`. */
const FIELDS: Readonly<Record<Revocation['type'], readonly [string, 'string' | 'number'][]>> = {
  session: [['sessionId', 'string']],
  user: [
    ['subject', 'string'],
    ['issuedUntil', 'number'],
  ],
  token: [['tokenId', 'string']],
  'not-before': [['notBefore', 'number']],
};

/** A revocation that another process wrote, `undefined` where it is none that this version understands. */
export function readRevocation(text: string): Revocation | undefined {
  let value: Record<string, unknown>;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const fields = FIELDS[value?.type as Revocation['type']];
  const isWhole = fields?.every(([name, type]) => typeof value[name] === type);
  return isWhole && typeof value.issuer === 'string' ? (value as unknown as Revocation) : undefined;
}
