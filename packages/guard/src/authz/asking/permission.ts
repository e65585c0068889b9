import { isPlainObject, toSafeText } from '../../core/internal.ts';

/** One scope of one resource: what a caller may do with a thing. */
export type Permission =
  | {
      /** Name of a resource that the API's own client owns in Keycloak. */
      readonly resource: string;
      readonly resourceId?: undefined;
      /** Leave it out only for a resource without scopes. */
      readonly scope?: string | undefined;
    }
  | {
      /** Id of a resource (`_id`) of any owner: names of users' resources are not unique. */
      readonly resourceId: string;
      readonly resource?: undefined;
      readonly scope?: string | undefined;
    };

/** A {@link Permission}, or the string `resource#scope` with the name of the resource. */
export type PermissionLike = Permission | string;

/**
 * A value is not a permission. The message says why.
 *
 * @example
 * const isBadText = await permissions.has(principal, [text]).catch((error) => error instanceof PermissionSyntaxError);
 */
export class PermissionSyntaxError extends TypeError {
  override readonly name = 'PermissionSyntaxError';
  /** The rule that the value breaks. */
  readonly rule: string;

  constructor(rule: string) {
    super(`A permission ${rule}`);
    this.rule = rule;
  }
}

/** Keycloak's longest name of a resource or scope. */
const MAX_LENGTH = 255;

/**
 * A string needs exactly one `#`, with something on both sides: Keycloak reads `#view` as that scope of every resource, and
 * ignores what follows a second `#`.
 *
 * @throws {PermissionSyntaxError}
 */
export function toPermission(value: unknown): Permission {
  if (typeof value === 'string') {
    const [resource = '', scope = '', ...more] = value.split('#');
    if (more.length > 0 || scope === '')
      throw new PermissionSyntaxError('must be resource#scope, with one #');
    return { resource: toName(resource), scope: toScope(scope) };
  }
  if (!isPlainObject(value)) throw new PermissionSyntaxError('must be resource#scope, or a plain object');
  const { resource, resourceId, scope, ...others } = value;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) {
    throw new PermissionSyntaxError(
      `has no member ${toSafeText(unknown)}: only resource, resourceId and scope`,
    );
  }
  if ((resource === undefined) === (resourceId === undefined)) {
    throw new PermissionSyntaxError('must have a resource or a resourceId, and not both');
  }
  const ofScope = scope === undefined ? {} : { scope: toScope(scope) };
  return resource === undefined
    ? { resourceId: toId(resourceId), ...ofScope }
    : { resource: toName(resource), ...ofScope };
}

/** @throws {PermissionSyntaxError} also for an empty list, which Keycloak would answer with everything that is granted */
export function toPermissions(values: unknown): Permission[] {
  if (!Array.isArray(values) || values.length === 0) {
    throw new PermissionSyntaxError('must be a list of permissions that is not empty');
  }
  return values.map(toPermission);
}

/** A string that is equal for equal permissions. */
export function keyOf({ resource, resourceId, scope }: Permission): string {
  return JSON.stringify([resource ?? null, resourceId ?? null, scope ?? null]);
}

export function describe({ resource, resourceId, scope }: Permission): string {
  const of = resource ?? `resource id ${resourceId}`;
  return scope === undefined ? of : `${of}#${scope}`;
}

function toName(value: unknown): string {
  if (isPlain(value)) return value;
  throw new PermissionSyntaxError('needs the name of a resource, of 1 to 255 characters');
}

/** Keycloak reads an id up to the `#`, and takes one without a hyphen for a name. */
function toId(value: unknown): string {
  if (isPlain(value) && /^[\w-]*-[\w-]*$/.test(value)) return value;
  throw new PermissionSyntaxError('needs the id of a resource: letters, digits and hyphens');
}

/** Keycloak splits scopes at commas. */
function toScope(value: unknown): string {
  if (isPlain(value) && !/[,#]/.test(value)) return value;
  throw new PermissionSyntaxError('needs a scope, without commas and #');
}

function isPlain(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    value !== '' &&
    value.length <= MAX_LENGTH &&
    value.trim() === value &&
    !/[\p{Cc}\p{Cs}]/u.test(value)
  );
}

/**
 * Claims for the policies, beside the token (Keycloak's `claim_token`): names, each with one or more strings. Take them from
 * the server: a caller who can choose them can choose the decision.
 */
export type PushedClaims = { readonly [name: string]: string | readonly string[] };

/** Checks and normalises claims; `''` if there are none. Keycloak answers 500 for values that are not lists of strings. */
export function toClaimText(claims: PushedClaims | undefined): string {
  if (claims === undefined) return '';
  if (!isPlainObject(claims)) {
    throw new TypeError(
      'Claims must be a plain object of strings and lists of strings, no promise and no Map',
    );
  }
  const sorted = Object.keys(claims).sort();
  if (sorted.length === 0) return '';
  return JSON.stringify(sorted.map((name) => [name, toTexts(name, claims[name])]));
}

/** Keycloak's form of the claims: JSON in base64url (RFC 4648 §5). */
export function toClaimToken(text: string): string {
  const claims = Object.fromEntries(JSON.parse(text) as [string, string[]][]);
  return Buffer.from(JSON.stringify(claims)).toString('base64url');
}

function toTexts(name: string, value: unknown): string[] {
  const texts = Array.isArray(value) ? value : [value];
  if (texts.length > 0 && texts.every((one) => typeof one === 'string')) return texts;
  throw new TypeError(`The claim ${JSON.stringify(name)} must be a string or a list of strings`);
}
