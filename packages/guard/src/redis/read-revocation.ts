import type { Revocation } from '../core/index.ts';

/** What each kind has besides `issuer`: what it must have, and what it may have (`?`). */
const FIELDS: Readonly<Record<Revocation['type'], Readonly<Record<string, Kind>>>> = {
  session: { sessionId: 'string', endedAt: 'number?' },
  user: { subject: 'string', issuedUntil: 'number' },
  token: { tokenId: 'string' },
  'not-before': { clientId: 'string?', notBefore: 'number', setAt: 'number?' },
  doubt: { issuedUntil: 'number', setAt: 'number?' },
  change: { subject: 'string?', issuedUntil: 'number', effect: 'string' },
};
const EFFECTS: ReadonlySet<unknown> = new Set(['renew', 'confirm', 'ask'] satisfies (Revocation & {
  type: 'change';
})['effect'][]);
type Kind = 'string' | 'number' | 'string?' | 'number?';

/**
 * A revocation that another process wrote, with nothing in it that does not belong there; `undefined` where it is none
 * that this version understands.
 */
export function readRevocation(text: string): Revocation | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { type, issuer } = value as Record<string, unknown>;
  // Whoever can write a name must not choose what an object has of its prototype.
  if (typeof type !== 'string' || !Object.hasOwn(FIELDS, type) || typeof issuer !== 'string')
    return undefined;
  const read: Record<string, unknown> = { type, issuer };
  for (const [name, kind] of Object.entries(FIELDS[type as Revocation['type']])) {
    const field = Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined;
    if (field === undefined && kind.endsWith('?')) continue;
    if (!isOf(kind, field)) return undefined;
    read[name] = field;
  }
  return read.type !== 'change' || EFFECTS.has(read.effect) ? (read as Revocation) : undefined;
}

function isOf(kind: Kind, field: unknown): boolean {
  // JSON can say 1e999, which is read as infinite.
  return kind.startsWith('number') ? Number.isFinite(field) : typeof field === 'string';
}
