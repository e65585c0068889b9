/** The values of a member of the file: which ones are valid, their description, and the form in which they are compared. */
export interface Kind {
  readonly words: string;
  is(value: unknown): boolean;
  /** `undefined` where it says no more than leaving it out. Called with good values alone. */
  normal(value: unknown): unknown;
}

export const text: Kind = {
  words: 'a text',
  is: (value) => typeof value === 'string',
  normal: (value) => (value === '' ? undefined : value),
};

export const flag: Kind = {
  words: 'true or false',
  is: (value) => typeof value === 'boolean',
  normal: (value) => value || undefined,
};

export const number: Kind = {
  words: 'a whole number',
  is: (value) => Number.isInteger(value),
  normal: (value) => value,
};

/** One of these words. The first is what Keycloak takes for none. */
export function oneOf(...words: readonly string[]): Kind {
  return {
    words: `one of ${words.join(', ')}`,
    is: (value) => words.includes(value as string),
    normal: (value) => (value === words[0] ? undefined : value),
  };
}

/** A list of strings, in any order. */
export function names(toName: (name: string) => string = (name) => name): Kind {
  return {
    words: 'a list of texts',
    is: (value) => Array.isArray(value) && value.every(isName),
    normal: (value) => orNone([...new Set((value as string[]).map(toName))].sort()),
  };
}

/** A list of strings, or of objects with the string as `key`, and a switch. */
export function switched(
  key: string,
  toggle: string,
  toName: (name: string) => string = (name) => name,
): Kind {
  type Entry = string | Record<string, unknown>;
  const nameOf = (entry: Entry) => toName(typeof entry === 'string' ? entry : String(entry[key]));
  return {
    words: `a list of texts, or of { "${key}": …, "${toggle}": true }`,
    is: (value) =>
      Array.isArray(value) &&
      value.every(
        (entry: unknown) =>
          isName(entry) ||
          (isObject(entry) &&
            isName(entry[key]) &&
            Object.keys(entry).every((one) => one === key || one === toggle) &&
            (entry[toggle] === undefined || typeof entry[toggle] === 'boolean')),
      ),
    normal: (value) => {
      const entries = new Map<string, unknown>();
      for (const entry of value as Entry[]) {
        const isOn = typeof entry !== 'string' && entry[toggle] === true;
        entries.set(nameOf(entry), isOn ? { [key]: nameOf(entry), [toggle]: true } : nameOf(entry));
      }
      return orNone([...entries].sort(byName).map(([, entry]) => entry));
    },
  };
}

/** Lists of strings by name. */
export const attributes: Kind = {
  words: 'an object of lists of texts',
  is: (value) =>
    isObject(value) &&
    Object.values(value).every((list) => Array.isArray(list) && list.every((one) => typeof one === 'string')),
  normal: (value) => {
    const entries = Object.entries(value as object).sort(byName);
    return entries.length === 0 ? undefined : Object.fromEntries(entries);
  },
};

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function orNone<T>(list: T[]): T[] | undefined {
  return list.length === 0 ? undefined : list;
}
