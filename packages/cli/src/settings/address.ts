import { isIP } from 'node:net';
import { isThisMachine } from '@keycloak-guard/server/config';
import { isPlainUrl, withoutEndSlashes } from 'keycloak-guard/unstable';

export function appUrlOf(flag: string | undefined, publicUrl: string | undefined, port?: string): string {
  // PORT=0 is any port.
  return toAppUrl(flag ?? publicUrl ?? `http://localhost:${Number(port) || 8000}`);
}

/** As browsers write it, since Keycloak compares letter by letter: the host in lower case, and without its scheme's own port. */
export const toAppUrl = (text: string): string =>
  toUri(withoutEndSlashes(URL.canParse(text) ? new URL(text).href : text));

/** Whether paths can be put behind it, and it is the address of one application. */
export const isAppUrl = (text: string): boolean => isPlainUrl(text) && !text.includes('*');

export const APP_URL_RULE =
  'must be an http or https URL without query, fragment, credentials or *, for example http://localhost:8000';

/** Braces are no part of a URI (RFC 3986 §2), and Keycloak takes none: `{tenant}` of a template becomes `%7Btenant%7D`. */
export const toUri = (text: string): string => text.replace(/[{}]/g, encodeURIComponent);

export type NetworkZone = 'this-machine' | 'this-network' | 'public';

/** Judges by the name only: `localhost`; a private network (`keycloak`, `10.0.0.5`, `keycloak.svc`); or a public name. */
export function networkZoneOf(hostname: string): NetworkZone {
  if (isThisMachine(hostname)) return 'this-machine';
  const host = hostname.replace(/^\[|\]$/g, '').toLowerCase();
  if (isIP(host) === 6) return /^f[cd]|^fe[89ab]/.test(host) ? 'this-network' : 'public';
  if (isIP(host) === 4)
    return /^10\.|^192\.168\.|^172\.(1[6-9]|2\d|3[01])\.|^169\.254\./.test(host) ? 'this-network' : 'public';
  const isInner = !host.includes('.') || /\.(local|internal|test|svc|svc\.cluster\.local)$/.test(host);
  return isInner ? 'this-network' : 'public';
}
