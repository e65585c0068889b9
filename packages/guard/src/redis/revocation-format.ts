import type { Revocation } from '../core/index.ts';

/**
 * Appends a revocation atomically: a partial append would be repeated with every retry.
 *
 * Not-before times and rechecks are also kept in a hash, by the rule of `createRevocationLog`, because another process may
 * have written a later one. An unreadable value in the hash is replaced.
 *
 * Redis decides by its own clock which entries are too old: the clock of a process may be days ahead. The mark beside the
 * stream shows a process that Redis lost its data.
 *
 * Keys: stream, hash, mark. Arguments: the revocation, when it was added, how long it is kept (both in milliseconds),
 * its field in the hash or an empty string, and a new mark in case none exists.
 */
export const APPEND = `
local function read(text)
  local isJson, value = pcall(cjson.decode, text)
  if not isJson or type(value) ~= 'table' then return nil end
  local reach = tonumber(value.notBefore or value.issuedUntil)
  if reach == nil then return nil end
  return { reach = reach, setAt = tonumber(value.setAt) or reach }
end
if ARGV[4] ~= '' then
  local after = read(ARGV[1])
  local before = read(redis.call('HGET', KEYS[2], ARGV[4]) or '')
  local isNew = before == nil or after.reach > before.reach
  if isNew or (after.reach == before.reach and after.setAt > before.setAt) then
    redis.call('HSET', KEYS[2], ARGV[4], ARGV[1])
  end
end
redis.call('SET', KEYS[3], ARGV[5], 'NX')
local oldest = string.format('%.0f-0', redis.call('TIME')[1] * 1000 - ARGV[3])
return redis.call('XADD', KEYS[1], 'MINID', '~', oldest, '*', 'r', ARGV[1], 'at', ARGV[2])`;

/** Keys of revocations in Redis. */
export type RevocationKeys = ReturnType<typeof revocationKeysOf>;

export const revocationKeysOf = (keyPrefix: string) => ({
  /** Stream of all revocations. */
  stream: `${keyPrefix}:revocations`,
  /** Hash of not-before times and rechecks, which stay in force after the stream was trimmed. */
  notBefore: `${keyPrefix}:not-before`,
  /** A random value. Another value, or none: Redis lost its data. */
  mark: `${keyPrefix}:mark`,
});

/** Field in the hash; empty for a revocation that only the stream holds. */
export function fieldOf(revocation: Revocation): string {
  const { type, issuer } = revocation;
  if (type === 'recheck') return JSON.stringify([issuer, null, type]);
  if (type !== 'not-before') return '';
  const { clientId = null, notBefore } = revocation;
  // A 0 must not replace an earlier time.
  return JSON.stringify(notBefore === 0 ? [issuer, clientId, 'lifted'] : [issuer, clientId]);
}

/** The members of each kind besides `issuer`; with `?` they may be missing. */
const FIELDS: Readonly<Record<Revocation['type'], Readonly<Record<string, Kind>>>> = {
  session: { sessionId: 'string', endedAt: 'number?' },
  user: { subject: 'string', issuedUntil: 'number' },
  token: { tokenId: 'string' },
  'not-before': { clientId: 'string?', notBefore: 'number', setAt: 'number?' },
  recheck: { issuedUntil: 'number', setAt: 'number?' },
  change: { subject: 'string?', issuedUntil: 'number', effect: 'string', setAt: 'number?' },
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
  // A name must not choose a member of the prototype.
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
