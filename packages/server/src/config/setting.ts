import { isIP } from 'node:net';
import { isStrongSecret } from 'keycloak-guard/session';
import { isServerUrl, withoutEndSlashes } from 'keycloak-guard/unstable';

/** One setting: the single source for the check, `.env.example` and `docs/settings.md`. */
export interface Setting<T = unknown> {
  /** Its effect in a sentence or two, for the documents. */
  readonly description: string;
  /** The rule for the value, as "must be …" or "must …". */
  readonly rule: string;
  /** A value that would be right. */
  readonly example: string;
  /** Value if it is not set, as a string; none for a required setting. */
  readonly default?: string;
  /** May be left out, with no default. */
  readonly optional?: true;
  /** Never shown. */
  readonly secret?: true;
  /** Path of the value in the `keycloak.json` of Keycloak's console. */
  readonly json?: string;
  /** Guesses the right value from one that breaks the rule; `undefined` if unknown. */
  readonly mend?: (text: string) => string | undefined;
  /** Parses the string; `undefined` if the rule is not met. */
  readonly parse: (text: string) => T | undefined;
}

// Each parses the string of a setting; `undefined` if its rule is not met.

const whole =
  (low: number, high: number) =>
  (text: string): number | undefined =>
    /^\d{1,9}$/.test(text) && Number(text) >= low && Number(text) <= high ? Number(text) : undefined;

export function parseHost(text: string): string | undefined {
  return isIP(text) !== 0 || /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i.test(text) ? text : undefined;
}

export function parseServerUrl(text: string): string | undefined {
  return isServerUrl(text) ? text : undefined;
}

/** As browsers write it, for it is compared with what they send. */
export function parsePublicUrl(text: string): string | undefined {
  if (!URL.canParse(text) || /[\s?#]/.test(text)) return undefined;
  const { protocol, username, password, origin, pathname } = new URL(text);
  const isPlain = /^https?:$/.test(protocol) && username + password === '';
  return isPlain ? withoutEndSlashes(origin + pathname) : undefined;
}

/** Taken literally: it is compared with what tokens say. */
export function parseIssuer(text: string): string | undefined {
  return parsePublicUrl(text) !== undefined && !text.endsWith('/') ? text : undefined;
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

// Kinds of settings. The example is the default, unless the setting names another one.

export function wholeNumber(low: number, high: number, otherwise?: number) {
  const rule = `must be a whole number from ${low} to ${high}`;
  return { rule, ...toDefault(otherwise), parse: whole(low, high) };
}

export function oneOf<const T extends string>(values: readonly T[], otherwise: T) {
  const rule = `must be ${values.slice(0, -1).join(', ')} or ${values.at(-1)}`;
  return { rule, ...toDefault(otherwise), parse: (text: string) => values.find((value) => value === text) };
}

export function onOrOff(otherwise: 'on' | 'off') {
  const { parse, ...rest } = oneOf(['on', 'off'], otherwise);
  return { ...rest, parse: (text: string) => (parse(text) === undefined ? undefined : text === 'on') };
}

/** As the setting would be written. */
function toDefault(otherwise: string | number | undefined) {
  const text = `${otherwise ?? ''}`;
  return { example: text, ...(otherwise === undefined ? {} : { default: text }) };
}

/** The mistake in a value, as far as a message may say it. */
export function describeValue({ secret }: Pick<Setting, 'secret'>, text: string): string {
  if (!secret) return `is ${quoted(withoutSecrets(text))}.`;
  if (/[\r\n]/.test(text)) return 'has a line break in it.';
  if (text.trim() !== text) return 'has spaces around it.';
  return isPlaceholder(text) ? 'is still a placeholder.' : 'is something else.';
}

/** Text before an `@` may be a password, even in a malformed URL. */
function withoutSecrets(text: string): string {
  return text.replace(/^([a-z][a-z\d+.-]*:\/\/)?.*@/is, '$1***@');
}

/** Without what a terminal would obey: the file may be that of a cloned repository. */
export function quoted(text: string): string {
  const plain = text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ');
  return `'${plain.length > 80 ? `${plain.slice(0, 80)}…` : plain}'`;
}
