import { withoutEndSlashes } from '../http/request.ts';
import type { OptionRule, WithDefault } from './check-options.ts';

/**
 * Whether a string is the address of a Keycloak server, with or without a path such as `/auth`. The one definition:
 * library, service and command line take and refuse the same.
 */
export function isServerUrl(value: unknown): value is string {
  return isPlainUrl(value) && !A_REALM.test(new URL(value).pathname);
}

/** Whether a string is an http or https URL without query, fragment and credentials, as an issuer is (RFC 8414 §2). */
export function isPlainUrl(value: unknown): value is string {
  if (typeof value !== 'string' || !/^https?:\/\/[^\s\\?#]+$/i.test(value)) return false;
  try {
    const { username, password } = new URL(value);
    return username + password === '';
  } catch {
    // Not by URL.canParse: that of Node 20 refuses a host such as münchen.example when it was called some thousand times.
    return false;
  }
}

/**
 * The server URL that a string probably stands for: it was copied from the browser or from a discovery document,
 * or its scheme is missing. Credentials are never in it. `undefined` if it cannot be guessed.
 */
export function mendServerUrl(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  const text = value.trim();
  const whole = /^[a-z]+:\/\//i.test(text) ? text : `${isLocal(text) ? 'http' : 'https'}://${text}`;
  if (!URL.canParse(whole)) return undefined;
  const { origin, pathname } = new URL(whole);
  const mended = withoutEndSlashes(origin + pathname.replace(A_REALM, '').replace(ADMIN_CONSOLE, ''));
  // Everything before an @ may be a password.
  return isServerUrl(mended) && !mended.includes('@') ? mended : undefined;
}

/** Pages and documents of a realm. */
const A_REALM = /(?<!\/)\/+realms(\/.*)?$/;
const ADMIN_CONSOLE = /(?<!\/)\/+admin\/+[^/]+\/+console(\/.*)?$/;

function isLocal(text: string): boolean {
  return /^([^@/]*@)?(localhost|127\.|\[::1\])|:\d+/.test(text);
}

/** Rules for options that several factories share. */

/** The option is missing if it is `undefined`. */
export const required = (rule: OptionRule): OptionRule => ({ ...rule, isRequired: true });

/** Whether a value is a non-empty string without surrounding spaces. */
export const isTrimmed = (value: unknown): boolean =>
  typeof value === 'string' && value.trim() === value && value !== '';

export const string = (rule: string, example: string): OptionRule => ({ rule, example, accepts: isTrimmed });

export const SCOPES: OptionRule = {
  rule: 'must be scopes, separated by one space',
  example: "'to-orders'",
  accepts: (value) => isTrimmed(value) && !/ \s|[^\S ]/.test(value as string),
};

/** The first is the default. */
export const oneOf = <T extends string>(...values: [T, ...T[]]): WithDefault<T> => ({
  rule: `must be one of ${values.join(', ')}`,
  example: `'${values[0]}'`,
  accepts: (value) => values.includes(value as T),
  default: values[0],
});

export const between = (low: number, high: number, preset: number): WithDefault<number> => ({
  rule: `must be a number from ${low} to ${high}`,
  example: String(preset),
  accepts: (value) => typeof value === 'number' && value >= low && value <= high,
  default: preset,
});

export const whole = (low: number, high: number, preset: number): WithDefault<number> => ({
  rule: `must be a whole number from ${low} to ${high}`,
  example: String(preset),
  accepts: (value) => Number.isInteger(value) && (value as number) >= low && (value as number) <= high,
  default: preset,
});

export const trueOrFalse = (preset: boolean): WithDefault<boolean> => ({
  rule: 'must be true or false',
  example: String(preset),
  accepts: (value) => typeof value === 'boolean',
  default: preset,
});

export const callable = (example: string): OptionRule => ({
  rule: 'must be a function',
  example,
  accepts: (value) => typeof value === 'function',
});

/** An object with these methods. */
export const having = (what: string, methods: readonly string[], example: string): OptionRule => ({
  rule: `must be ${what}`,
  example,
  accepts: (value) =>
    methods.every((name) => typeof (value as Record<string, unknown> | null)?.[name] === 'function'),
});

export const SERVER_URL: OptionRule = required({
  rule: 'must be an http or https URL without /realms/…, query, fragment or credentials',
  example: "'https://sso.example.com'",
  accepts: isServerUrl,
  mend: (value) => {
    const mended = mendServerUrl(value);
    return mended === undefined ? undefined : `'${mended}'`;
  },
});

export const REALM: OptionRule = required({
  rule: 'must be the name of a realm',
  example: "'testing'",
  accepts: (value) => isTrimmed(value) && !/[/?#\\]/.test(value as string) && !/^\.+$/.test(value as string),
});

export const ISSUER: OptionRule = {
  rule: 'must be the exact issuer of the realm, an http or https URL',
  example: "'https://sso.example.com/realms/testing'",
  accepts: isPlainUrl,
};

export const PUBLIC_URL: OptionRule = {
  rule: 'must be an http or https URL without query, fragment or credentials',
  example: "'https://api.example.com'",
  accepts: isPlainUrl,
};

export const CLIENT_SECRET = string('must be a string without surrounding spaces', "'…'");
export const TIMEOUT_MS = whole(100, 60_000, 5_000);
export const CLOCK_TOLERANCE_SECONDS = between(0, 300, 5);
/** Looked up at each call, so that the fake clock of a test reaches it whenever it starts. */
const now = (): number => Date.now();
export const CLOCK: WithDefault<() => number> = { ...callable('Date.now'), default: now };
// Read when the options are: a test may have replaced the global one by then.
export const FETCH: WithDefault<typeof fetch> = {
  ...callable('fetch'),
  get default() {
    return fetch;
  },
};

export const NOTICE_LISTENER: OptionRule = {
  rule: 'must be a function, or false for none',
  example: '(notice) => log[notice.level](notice)',
  accepts: (value) => value === false || typeof value === 'function',
};
