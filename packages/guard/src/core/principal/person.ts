import type { Claims } from './claims.ts';
import type { Principal } from './principal.ts';

/**
 * The key for data that is kept per person: equal for all tokens of one person, never empty, and never
 * equal for two realms (RFC 7519 §4.1.2: a subject is unique only together with its issuer). Without `sub` (lightweight
 * access tokens, a client without the scope `basic`) client and session stand for the person.
 *
 * This is the only place that makes such keys.
 */
export function personOf({ issuer, subject, authorizedParty, sessionId }: Principal<object>): string {
  return toKey(issuer, subject, authorizedParty, sessionId);
}

/** The same from the claims of a verified token, before there is a principal. */
export function personOfClaims({ iss, sub, azp, sid }: Claims): string {
  return toKey(iss, typeof sub === 'string' && sub !== '' ? sub : null, azp ?? null, sid ?? null);
}

function toKey(issuer: unknown, subject: string | null, client: unknown, session: unknown): string {
  return JSON.stringify(subject === null ? [issuer, null, client, session] : [issuer, subject]);
}
