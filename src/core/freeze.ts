/**
 * Freezes a value and what is in it: plain objects and lists. What has a class of its own, as a `Date` or a `Map`, is
 * frozen only where it is the value itself.
 */
export function freezeDeep<T extends object>(root: T): T {
  const open: object[] = [root];
  const seen = new Set<object>(open);
  // Not by recursion: JSON may be deeper than the stack.
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    for (const key of Reflect.ownKeys(value)) {
      // Not read through a getter, which would run it.
      const inner: unknown = Object.getOwnPropertyDescriptor(value, key)?.value;
      if (!isPlain(inner) || seen.has(inner)) continue;
      seen.add(inner);
      open.push(inner);
    }
    Object.freeze(value);
  }
  return root;
}

function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null || Array.isArray(value);
}
