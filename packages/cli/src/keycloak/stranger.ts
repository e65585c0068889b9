import type { Answer } from './call.ts';

/**
 * Whether something in front of Keycloak wrote a refusal, or a page in place of JSON. Keycloak explains itself in JSON or in a
 * Bearer challenge, and sets its security headers on every page. An answer with neither is not Keycloak's.
 */
export function isStranger({ status, json, headers, text }: Answer): boolean {
  if (status === 0 || (status < 300 && !/^\s*</.test(text))) return false;
  if (typeof (json?.error ?? json?.errorMessage) === 'string' || Array.isArray(json?.errors)) return false;
  if (/^(bearer|dpop)\b/i.test(headers.get('www-authenticate') ?? '')) return false;
  // A realm may omit some of them.
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
