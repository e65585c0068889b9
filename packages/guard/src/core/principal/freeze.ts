/**
 * Freezes a value with the plain objects and lists in it. An instance of a class, for example a `Date` or a `Map`, is
 * frozen only if it is the value itself.
 */
export function freezeDeep<T extends object>(root: T): T {
  const open: object[] = [root];
  const seen = new Set<object>(open);
  // Not by recursion: JSON may be deeper than the stack.
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    for (const inner of Object.values(value)) {
      if (typeof inner !== 'object' || inner === null || seen.has(inner) || !isPlain(inner)) continue;
      seen.add(inner);
      open.push(inner);
    }
    Object.freeze(value);
  }
  return root;
}

function isPlain(value: object): boolean {
  if (Array.isArray(value)) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
