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
