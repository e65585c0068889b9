import type { Principal } from './principal.ts';

/**
 * Whom a principal stands for, to be compared: tokens of one person give the same text. Where a token has no `sub` (lightweight
 * access tokens), its client and its session have to do: another person's are others.
 */
export function personOf({ issuer, subject, authorizedParty, sessionId }: Principal): string {
  return JSON.stringify(subject === null ? [issuer, null, authorizedParty, sessionId] : [issuer, subject]);
}
