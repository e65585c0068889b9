import { readChallenges } from 'keycloak-guard';
import type { Answer } from '../../keycloak/call.ts';

/**
 * Why an endpoint refuses, in Keycloak's own words and in nothing but those: `error` and `error_description` of the
 * body or of the challenge. Names that people choose (of a realm, a client, a proxy) stand beside them and are no reason.
 */
export function reasonOf({ json, headers }: Answer): string {
  const { error, error_description: description } = json ?? {};
  if (typeof error === 'string') return typeof description === 'string' ? `${error}: ${description}` : error;
  return readChallenges(headers.get('www-authenticate') ?? '')
    .flatMap(({ error, description }) => [error, description])
    .filter((text) => text !== undefined)
    .join(' ');
}

/** Userinfo was asked, and says that nobody asked with a token: the challenge has no error (RFC 6750 §3). */
export function lacksToken({ status, headers }: Answer): boolean {
  const [first, ...others] = readChallenges(headers.get('www-authenticate') ?? '');
  const isBare = first?.error === undefined && first?.description === undefined;
  return status === 401 && first?.scheme === 'bearer' && isBare && others.length === 0;
}

/** Too long for a header: a 431 is of Keycloak's server, a 400 without words of many proxies. */
export function isTooLong({ status, json, text }: Answer): boolean {
  if (status === 431) return true;
  return status === 400 && json === undefined && /too (large|long|big)|header/i.test(text);
}
