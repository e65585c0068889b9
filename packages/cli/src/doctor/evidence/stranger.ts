import type { Answer } from '../../keycloak/call.ts';

/**
 * Whether something else than Keycloak wrote a refusal, or a page where programs get JSON. Keycloak says why in JSON or
 * in a Bearer challenge, and puts its security headers on every page; what has neither is of whatever stands in front.
 */
export function isStranger({ status, json, headers, text }: Answer): boolean {
  if (status === 0 || (status < 300 && !/^\s*</.test(text))) return false;
  if (typeof (json?.error ?? json?.errorMessage) === 'string' || Array.isArray(json?.errors)) return false;
  if (/^(bearer|dpop)\b/i.test(headers.get('www-authenticate') ?? '')) return false;
  // A realm may leave some of them out.
  const marks = [
    headers.get('x-content-type-options') === 'nosniff',
    headers.get('referrer-policy') === 'no-referrer',
    headers.get('x-robots-tag') === 'none',
  ];
  const calledItself = headers.get('server') !== null || headers.get('via') !== null;
  const isKeycloakPage =
    /\bkc-[a-z]+|login-pf/.test(text) || /^(invalid origin|https required)$/i.test(text.trim());
  return !isKeycloakPage && (calledItself ? marks.filter(Boolean).length < 2 : !marks.includes(true));
}
