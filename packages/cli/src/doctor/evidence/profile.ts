export interface ProfileAttribute {
  readonly name?: string;
  readonly multivalued?: boolean;
  readonly validations?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly permissions?: { readonly edit?: readonly string[] };
  readonly required?: { readonly roles?: readonly string[]; readonly scopes?: readonly string[] };
  readonly selector?: { readonly scopes?: readonly string[] };
}

export function isRequiredOf({ required, selector }: ProfileAttribute, scopes: readonly string[]): boolean {
  if (required === undefined || !(required.roles?.includes('user') ?? true)) return false;
  return [required.scopes, selector?.scopes].every(
    (list) => list === undefined || list.length === 0 || list.some((scope) => scopes.includes(scope)),
  );
}

/** Keycloak's bound for attributes outside the user profile. Unit: characters. */
const MAX_UNMANAGED = 2048;

type Rule = (value: string, options: Readonly<Record<string, unknown>>) => string | undefined;

const number = (value: string, { min, max }: Readonly<Record<string, unknown>>): string | undefined =>
  (min !== undefined && Number(value) < Number(min)) || (max !== undefined && Number(value) > Number(max))
    ? `is not between ${min ?? 'any'} and ${max ?? 'any'}`
    : undefined;

/** Keycloak's validators by name, as documented. Others are ignored. */
const RULES: Readonly<Record<string, Rule>> = {
  length: (value, { min, max }) => {
    const { length } = value.trim();
    if (max !== undefined && length > Number(max)) return `is longer than ${max} characters`;
    return min !== undefined && length < Number(min) ? `is shorter than ${min} characters` : undefined;
  },
  pattern: (value, { pattern }) => {
    try {
      return new RegExp(`^(?:${pattern})$`, 'u').test(value) ? undefined : `does not match ${pattern}`;
    } catch {
      // A pattern for Java that JavaScript cannot read.
      return undefined;
    }
  },
  options: (value, { options }) =>
    Array.isArray(options) && !options.includes(value) ? 'is none of the options' : undefined,
  integer: (value, options) => (/^[+-]?\d+$/.test(value) ? number(value, options) : 'is no whole number'),
  double: (value, options) => (Number.isFinite(Number(value)) ? number(value, options) : 'is no number'),
  email: (value) => (/^[^\s@]+@[^\s@]+$/.test(value) ? undefined : 'is no email address'),
  uri: (value) => (URL.canParse(value) ? undefined : 'is no URL'),
  'iso-date': (value) => (/^\d{4}-\d{2}-\d{2}$/.test(value) ? undefined : 'is no date (2026-01-31)'),
  'person-name-prohibited-characters': (value) =>
    /[<>&"$%!#?§;*~/\\|^=[\]{}()\p{Cc}]/u.test(value) ? 'has characters that no name may have' : undefined,
  'username-prohibited-characters': (value) =>
    /[<>&"'\s$%!#?§,;:*~/\\|^=[\]{}()`\p{Cc}]/u.test(value)
      ? 'has characters that no user name may have'
      : undefined,
};

/** Why values of a user are invalid by the realm's user profile. The texts do not show the values. */
export function findInvalid(
  values: Readonly<Record<string, readonly string[]>>,
  attributes: readonly ProfileAttribute[],
  unmanagedPolicy: string | undefined,
) {
  const byName = new Map(attributes.map((one) => [one.name, one]));
  return Object.entries(values).flatMap(([name, all]) => {
    const attribute = byName.get(name);
    const filled = all.filter((value) => value !== '');
    const why =
      attribute === undefined
        ? // Only what users may edit themselves is asked of them.
          unmanagedPolicy === 'ENABLED' && filled.some((value) => value.length > MAX_UNMANAGED)
          ? `is longer than the ${MAX_UNMANAGED} characters that an attribute outside the user profile may have`
          : undefined
        : judge(filled, attribute);
    return why === undefined ? [] : [{ name, why, isManaged: attribute !== undefined }];
  });
}

function judge(filled: readonly string[], attribute: ProfileAttribute): string | undefined {
  // Keycloak does not ask users for attributes that they may not edit.
  if (attribute.permissions?.edit && !attribute.permissions.edit.includes('user')) return undefined;
  if (attribute.multivalued !== true && filled.length > 1) return 'has more than one value';
  for (const [name, options] of Object.entries(attribute.validations ?? {})) {
    if (!Object.hasOwn(RULES, name)) continue;
    for (const value of filled) {
      const why = RULES[name]?.(value, options ?? {});
      if (why !== undefined) return why;
    }
  }
  return undefined;
}
