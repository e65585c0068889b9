import { isIP } from 'node:net';
import { isStrongSecret } from 'keycloak-guard/session';
import { isServerUrl } from 'keycloak-guard/unstable';

// Each parses the string of a setting; `undefined` if its rule is not met.

export const whole =
  (low: number, high: number) =>
  (text: string): number | undefined =>
    /^\d{1,9}$/.test(text) && Number(text) >= low && Number(text) <= high ? Number(text) : undefined;

export function parseHost(text: string): string | undefined {
  return isIP(text) !== 0 || /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i.test(text) ? text : undefined;
}

export function parseServerUrl(text: string): string | undefined {
  return isServerUrl(text) ? text : undefined;
}

export function parsePublicUrl(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  const isPlain = url.search + url.hash + url.username + url.password === '';
  return /^https?:$/.test(url.protocol) && isPlain && !/\s/.test(text) ? text.replace(/\/+$/, '') : undefined;
}

/** Taken literally: it is compared with what tokens say. */
export function parseIssuer(text: string): string | undefined {
  return parsePublicUrl(text) === text ? text : undefined;
}

/** As Redis's client reads it: user and password decoded, the number of a database as the path. */
export function parseRedisUrl(text: string): string | undefined {
  if (!/^rediss?:\/\/[^\s/]+/.test(text) || !URL.canParse(text)) return undefined;
  const { username, password, pathname } = new URL(text);
  return canDecode(username) && canDecode(password) && /^\/?\d*$/.test(pathname) ? text : undefined;
}

function canDecode(encoded: string): boolean {
  try {
    return decodeURIComponent(encoded).length >= 0;
  } catch {
    return false;
  }
}

export function parseSessionSecrets(text: string): readonly string[] | 'off' | undefined {
  if (text === 'off') return text;
  const secrets = parseList(text);
  return secrets?.every((secret) => isStrongSecret(secret) && !isPlaceholder(secret)) ? secrets : undefined;
}

export function parseList(text: string): readonly string[] | undefined {
  const items = text.split(',').map((item) => item.trim());
  return items.includes('') ? undefined : Object.freeze(items);
}

export function parseOrigins(text: string): readonly string[] | undefined {
  const items = parseList(text);
  const isOrigin = (item: string): boolean =>
    /^https?:\/\//.test(item) && URL.canParse(item) && new URL(item).origin === item;
  return items?.every(isOrigin) ? items : undefined;
}

export function parseTrustProxy(text: string): false | string | undefined {
  if (text === 'false') return false;
  const isProxy = (item: string): boolean => {
    if (['loopback', 'linklocal', 'uniquelocal'].includes(item)) return true;
    const [address = '', bits, ...rest] = item.split('/');
    const most = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1;
    return most > 0 && rest.length === 0 && (bits === undefined || whole(0, most)(bits) !== undefined);
  };
  const items = parseList(text);
  return items?.every(isProxy) ? items.join(',') : undefined;
}

/** A placeholder of an example that was not filled in. */
export function isPlaceholder(text: string): boolean {
  return /^(\*+|<.*>|change-?me|your[-_ ].*|the-secret-from-the-console|the-output-of-openssl-rand-hex-32)$/i.test(
    text,
  );
}
