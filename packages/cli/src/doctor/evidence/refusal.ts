import { readChallenges } from 'keycloak-guard/unstable';
import type { Answer } from '../../keycloak/call.ts';

/**
 * Why an endpoint refuses: only `error` and `error_description`, of the body or the challenge. The rest of an answer has names
 * that people chose, which could be mistaken for a reason.
 */
export function reasonOf({ json, headers }: Answer): string {
  const { error, error_description: description } = json ?? {};
  if (typeof error === 'string') return typeof description === 'string' ? `${error}: ${description}` : error;
  return readChallenges(headers.get('www-authenticate') ?? '')
    .flatMap(({ error, description }) => [error, description])
    .filter((text) => text !== undefined)
    .join(' ');
}

/** Whether userinfo says that the request had no token: its challenge has no error code (RFC 6750 §3). */
export function lacksToken({ status, headers }: Answer): boolean {
  const [first, ...others] = readChallenges(headers.get('www-authenticate') ?? '');
  const isBare = first?.error === undefined && first?.description === undefined;
  return status === 401 && first?.scheme === 'bearer' && isBare && others.length === 0;
}

/** Whether a header was too long: Keycloak's server answers 431, many proxies answer 400 without JSON. */
export function isTooLong({ status, json, text }: Answer): boolean {
  if (status === 431) return true;
  return status === 400 && json === undefined && /too (large|long|big)|header/i.test(text);
}
