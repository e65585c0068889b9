import { type OptionProblem, OptionsError } from '../http/errors.ts';

/** The known name nearest to it: no farther than a third of its letters, or it is another word. */
export function nearestOf(name: string, known: readonly string[]): string | undefined {
  const farthest = Math.max(2, Math.floor(name.length / 3));
  const distance = (one: string) => distanceOf(name.toLowerCase(), one.toLowerCase());
  return known.filter((one) => distance(one) <= farthest).sort((a, b) => distance(a) - distance(b))[0];
}

/** Letters put in, left out or replaced. */
function distanceOf(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    const above = rows[i - 1] as number[];
    for (let j = 1; j <= b.length; j++) {
      const isSame = a[i - 1] === b[j - 1];
      row[j] = Math.min(
        (above[j] as number) + 1,
        (row[j - 1] as number) + 1,
        (above[j - 1] as number) + (isSame ? 0 : 1),
      );
    }
    rows.push(row);
  }
  return (rows[a.length] as number[])[b.length] as number;
}

/** The rule for one option. */
export interface OptionRule {
  /** Completes "serverUrl: …". */
  readonly rule: string;
  /** A value that would be right. */
  readonly example: string;
  /** Without it the option may be left out. */
  readonly isRequired?: true;
  readonly accepts: (value: unknown) => boolean;
  /** A guess at the right value, as an example; `undefined` if it cannot be guessed. */
  readonly mend?: (value: unknown) => string | undefined;
  /** The value of an option that is left out. */
  readonly default?: unknown;
}

export interface WithDefault<T> extends OptionRule {
  readonly default: T;
}

/** A rule for every option: an option without a rule would be refused. */
export type OptionRules<T extends object> = { readonly [K in keyof T]-?: OptionRule };

/** Options with their defaults filled in; `never` for a default of the wrong type. */
export type Filled<T extends object, R extends OptionRules<T>> = {
  readonly [K in keyof Required<T>]: R[K] extends WithDefault<infer D>
    ? [D] extends [T[K]]
      ? Exclude<T[K], undefined>
      : never
    : T[K];
};

/**
 * Checks the options of a factory and fills in their defaults.
 *
 * @throws {OptionsError} as {@link checkOptions} does
 */
export function fillOptions<T extends object, R extends OptionRules<T>>(
  subject: string,
  options: T,
  rules: R,
): Filled<T, R> {
  checkOptions(subject, options, rules);
  const values = Object(options) as Record<string, unknown>;
  const filled = Object.entries<OptionRule>(rules).map(([name, rule]) => [
    name,
    values[name] ?? rule.default,
  ]);
  return Object.fromEntries(filled) as Filled<T, R>;
}

/**
 * Checks the options of a factory.
 *
 * @param subject the factory as the caller wrote it, for example `createClient`
 * @throws {OptionsError} naming every option that is missing, wrong or unknown
 */
export function checkOptions<T extends object>(subject: string, options: T, rules: OptionRules<T>): void {
  const problems = findOptionProblems(options, rules);
  if (problems.length > 0) throw new OptionsError(subject, problems);
}

/** Every option that is missing, wrong or unknown; for an unknown one the nearest name that is known. */
export function findOptionProblems(
  options: unknown,
  rules: Readonly<Record<string, OptionRule>>,
): OptionProblem[] {
  const values = (options ?? {}) as Record<string, unknown>;
  // An array, a Map and a promise have none of the options, and all may be optional.
  if (Object.prototype.toString.call(values) !== '[object Object]') {
    return [{ option: 'options', rule: 'must be an object, no promise and no Map', example: '{ … }' }];
  }
  const problems: OptionProblem[] = [];
  for (const [option, { rule, example, isRequired, accepts, mend }] of Object.entries(rules)) {
    const value = values[option];
    if (value === undefined) {
      if (isRequired) problems.push({ option, rule: 'is missing', example });
    } else if (!accepts(value)) {
      const said = value === '' ? `is empty, and ${rule}` : rule;
      problems.push({ option, rule: said, example: mend?.(value) ?? example });
    }
  }
  for (const option of Object.keys(values)) {
    if (!Object.hasOwn(rules, option)) problems.push(toUnknown(option, Object.keys(rules), 'an option'));
  }
  return problems;
}

/** Names of `keycloak.json`, the file of Keycloak's own adapters, and of other libraries. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  'auth-server-url': 'serverUrl',
  resource: 'clientId',
  secret: 'clientSecret',
  credentials: 'clientSecret',
  url: 'serverUrl',
  role: 'realmRole',
  roles: 'realmRole',
};

/** An unknown name, with the nearest known one as the example; with all of them if none is near. */
export function toUnknown(option: string, known: readonly string[], kind: string): OptionProblem {
  const near = known.find((name) => name === OTHER_NAMES[option]) ?? nearestOf(option, known);
  return near === undefined
    ? { option, rule: `is not ${kind}`, example: known.join(', ') }
    : { option, rule: `is not ${kind}: did you mean ${near}?`, example: near };
}

/**
 * Whether a value is an object literal whose members are all that it has: no instance of a class, no Promise, Map or array,
 * and no member that is inherited, hidden, or named by a symbol. An object of another realm of JavaScript (a test runner's)
 * is one too.
 *
 * Reading such an object member by member misses nothing.
 */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) return false;
  let members = 0;
  for (const member in value) {
    if (!Object.hasOwn(value, member)) return false;
    members++;
  }
  return Reflect.ownKeys(value).length === members;
}
