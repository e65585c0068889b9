// A claim of the wrong type counts as missing.

export function toStrings(value: unknown): readonly string[] {
  if (!Array.isArray(value)) return Object.freeze([]);
  // Only a copy has no room for more: of each token, half of what its lists would hold.
  return Object.freeze(value.filter((one) => typeof one === 'string').slice());
}

/** `realm_access`, or one client's part of `resource_access`. */
export function toRoles(access: unknown): readonly string[] {
  return toStrings(membersOf(access).roles);
}

/** `resource_access`. Without a prototype, so that a client named `constructor` or `__proto__` is a name like any other. */
export function toClientRoles(access: unknown): { readonly [clientId: string]: readonly string[] } {
  const roles: Record<string, readonly string[]> = Object.create(null);
  if (isObject(access)) {
    for (const [client, value] of Object.entries(access)) roles[client] = toRoles(value);
  }
  return Object.freeze(roles);
}

/** The own members of an object; none of any other value. */
export function membersOf(value: unknown): Record<string, unknown> {
  return Object.setPrototypeOf(isObject(value) ? { ...value } : {}, null);
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
