type Claims = Record<string, unknown>;

/**
 * Sets a claim by Keycloak's path notation: a dot nests (`realm_access.roles`), `\.` is a dot, `${client_id}` is the client
 * that a role belongs to.
 */
export function setClaim(claims: Claims, path: string, value: unknown, clientId?: string): void {
  const parts = path
    .split(/(?<!\\)\./)
    // biome-ignore lint/suspicious/noTemplateCurlyInString: Keycloak's own placeholder
    .map((part) => part.replaceAll('\\.', '.').replaceAll('${client_id}', clientId ?? ''));
  const last = parts.pop()!;
  let at = claims;
  for (const part of parts) {
    const next = Object.hasOwn(at, part) ? at[part] : undefined;
    if (typeof next === 'object' && next !== null && !Array.isArray(next)) at = next as Claims;
    else at = define(at, part, {}) as Claims;
  }
  define(at, last, value);
}

// A claim named "__proto__" becomes an own property, never the prototype.
function define(target: Claims, name: string, value: unknown): unknown {
  Object.defineProperty(target, name, { value, enumerable: true, configurable: true, writable: true });
  return value;
}

/** Converts a value to the mapper's JSON type, single or as a list. */
export function toClaimValue(value: unknown, config: Readonly<Record<string, string>>): unknown {
  const convert = (one: unknown) => {
    switch (config['jsonType.label']) {
      case 'boolean':
        return one === true || one === 'true';
      case 'long':
      case 'int':
        return Number(one);
      case 'JSON':
        return typeof one === 'string' ? JSON.parse(one) : one;
      default:
        return String(one);
    }
  };
  const values = [value].flat().map(convert);
  return config.multivalued === 'true' ? values : values[0];
}
