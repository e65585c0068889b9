import type { OptionRule, WithDefault } from './check-options.ts';
import { isPlainUrl, isServerUrl, mendServerUrl } from './server-url.ts';

/** Rules for options that several factories share. */

/** The option is missing if it is `undefined`. */
export const required = (rule: OptionRule): OptionRule => ({ ...rule, isRequired: true });

/** Whether a value is a non-empty string without surrounding spaces. */
export const isTrimmed = (value: unknown): boolean =>
  typeof value === 'string' && value.trim() === value && value !== '';

export const string = (rule: string, example: string): OptionRule => ({ rule, example, isMet: isTrimmed });

/** The first is the default. */
export const oneOf = <T extends string>(...values: [T, ...T[]]): WithDefault<T> => ({
  rule: `must be one of ${values.join(', ')}`,
  example: `'${values[0]}'`,
  isMet: (value) => values.includes(value as T),
  default: values[0],
});

export const between = (low: number, high: number, preset: number): WithDefault<number> => ({
  rule: `must be a number from ${low} to ${high}`,
  example: String(preset),
  isMet: (value) => typeof value === 'number' && value >= low && value <= high,
  default: preset,
});

export const whole = (low: number, high: number, preset: number): WithDefault<number> => ({
  rule: `must be a whole number from ${low} to ${high}`,
  example: String(preset),
  isMet: (value) => Number.isInteger(value) && (value as number) >= low && (value as number) <= high,
  default: preset,
});

export const trueOrFalse = (preset: boolean): WithDefault<boolean> => ({
  rule: 'must be true or false',
  example: String(preset),
  isMet: (value) => typeof value === 'boolean',
  default: preset,
});

export const callable = (example: string): OptionRule => ({
  rule: 'must be a function',
  example,
  isMet: (value) => typeof value === 'function',
});

/** An object with these methods. */
export const having = (what: string, methods: readonly string[], example: string): OptionRule => ({
  rule: `must be ${what}`,
  example,
  isMet: (value) =>
    methods.every((name) => typeof (value as Record<string, unknown> | null)?.[name] === 'function'),
});

export const SERVER_URL: OptionRule = required({
  rule: 'must be an http or https URL without /realms/…, query, fragment or credentials',
  example: "'https://sso.example.com'",
  isMet: isServerUrl,
  mend: (value) => {
    const mended = mendServerUrl(value);
    return mended === undefined ? undefined : `'${mended}'`;
  },
});

export const REALM: OptionRule = required({
  rule: 'must be the name of a realm',
  example: "'testing'",
  isMet: (value) => isTrimmed(value) && !/[/?#\\]/.test(value as string) && !/^\.+$/.test(value as string),
});

export const ISSUER: OptionRule = {
  rule: 'must be the exact issuer of the realm, an http or https URL',
  example: "'https://sso.example.com/realms/testing'",
  isMet: isPlainUrl,
};

export const PUBLIC_URL: OptionRule = {
  rule: 'must be an http or https URL without query, fragment or credentials',
  example: "'https://api.example.com'",
  isMet: isPlainUrl,
};

export const CLIENT_SECRET = string('must be a string without surrounding spaces', "'…'");
export const TIMEOUT_MS = whole(100, 60_000, 5_000);
export const CLOCK_TOLERANCE_SECONDS = between(0, 300, 5);
// Read when the options are: a test may have replaced the global one by then.
export const CLOCK: WithDefault<() => number> = {
  ...callable('Date.now'),
  get default() {
    return Date.now;
  },
};
export const FETCH: WithDefault<typeof fetch> = {
  ...callable('fetch'),
  get default() {
    return fetch;
  },
};

export const NOTICE_LISTENER: OptionRule = {
  rule: 'must be a function, or false for none',
  example: '(notice) => log[notice.level](notice)',
  isMet: (value) => value === false || typeof value === 'function',
};
