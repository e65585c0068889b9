import type { Claims } from './claims.ts';

/**
 * The user of a verified token, as the key of whatever is kept per user. A subject is unique only together with its issuer
 * (RFC 7519 §4.1.2). A token without `sub` (client without the scope `basic`) counts for its session, or its client.
 *
 * @example
 * await slots.enter(callerKeyOf(claims));
 */
export function callerKeyOf({ iss, sub, sid, azp }: Claims): string {
  const who =
    typeof sub === 'string' ? ['user', sub] : typeof sid === 'string' ? ['session', sid] : ['client', azp];
  return JSON.stringify([iss, ...who]);
}
