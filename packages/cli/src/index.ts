// The import path `@keycloak-guard/cli`: the types of an `authz.ts`. It loads nothing else of the package.
//
// Aliases, not interfaces: only these fit a type with an index signature.

/** How answers are combined: all must permit, one must permit, or more permit than deny. */
export type DecisionStrategy = 'UNANIMOUS' | 'AFFIRMATIVE' | 'CONSENSUS';

/** A scope: its name, or an object with more about it. */
export type AuthorizationScope<Scope extends string = string> =
  | Scope
  | { readonly name: Scope; readonly displayName?: string; readonly iconUri?: string };

/** A protected resource. The API's client owns it. */
export type AuthorizationResource<Scope extends string = string> = {
  readonly name: string;
  readonly displayName?: string;
  /** For example `urn:my-api:order`. */
  readonly type?: string;
  readonly uris?: readonly string[];
  /** Names from `scopes` of the file. */
  readonly scopes?: readonly Scope[];
  /** Whether owners may share it (User-Managed Access). Default false. */
  readonly ownerManagedAccess?: boolean;
  readonly iconUri?: string;
  readonly attributes?: Readonly<Record<string, readonly string[]>>;
};

type PolicyOf<Type extends string, Name extends string> = {
  readonly name: Name;
  readonly type: Type;
  readonly description?: string;
  /** `NEGATIVE` reverses the answer. Default `POSITIVE`. */
  readonly logic?: 'POSITIVE' | 'NEGATIVE';
};

/** One such name is enough; with `required: true` this one must be there. */
type NameOrSwitch = string | { readonly name: string; readonly required?: boolean };

/** A policy, by its type. */
export type AuthorizationPolicy<Name extends string = string> =
  /** `editor` is a realm role, `my-api/editor` a client role. `fetchRoles` reads the user's current roles, not the token's. */
  | (PolicyOf<'role', Name> & { readonly roles: readonly NameOrSwitch[]; readonly fetchRoles?: boolean })
  /** Group paths. Without `groupsClaim`, the user's current groups are read. */
  | (PolicyOf<'group', Name> & {
      readonly groups: readonly (string | { readonly path: string; readonly extendChildren?: boolean })[];
      readonly groupsClaim?: string;
    })
  | (PolicyOf<'user', Name> & { readonly users: readonly string[] })
  | (PolicyOf<'client', Name> & { readonly clients: readonly string[] })
  | (PolicyOf<'client-scope', Name> & { readonly clientScopes: readonly NameOrSwitch[] })
  | (PolicyOf<'regex', Name> & {
      readonly targetClaim: string;
      readonly pattern: string;
      readonly targetContextAttributes?: boolean;
    })
  /** `notBefore` and `notOnOrAfter` have the form `yyyy-MM-dd HH:mm:ss`. */
  | (PolicyOf<'time', Name> & {
      readonly [M in TimeMember]?: M extends 'notBefore' | 'notOnOrAfter' ? string : number;
    })
  | (PolicyOf<'aggregate', Name> & {
      readonly policies: readonly NoInfer<Name>[];
      readonly decisionStrategy?: DecisionStrategy;
    });

type TimeMember =
  | 'notBefore'
  | 'notOnOrAfter'
  | `${'dayMonth' | 'month' | 'year' | 'hour' | 'minute'}${'' | 'End'}`;

/** The policies that decide on resources or scopes. With `scopes` it is scope-based, without them resource-based. */
export type AuthorizationPermission<
  Resource extends string = string,
  Scope extends string = string,
  Policy extends string = string,
> = {
  readonly name: string;
  readonly description?: string;
  readonly resources?: readonly Resource[];
  readonly resourceType?: string;
  readonly scopes?: readonly Scope[];
  readonly policies: readonly Policy[];
  readonly decisionStrategy?: DecisionStrategy;
  /** Stored, but without effect: Keycloak reverses the answer of a policy, never that of a permission. */
  readonly logic?: 'POSITIVE' | 'NEGATIVE';
};

/**
 * Resources, scopes, policies and permissions of a client, as `keycloak-guard authz` reads and writes them. A switch that is
 * left out stays as it is in Keycloak. An entry of a list describes its object completely.
 */
export interface AuthorizationFile<
  Scope extends string = string,
  Resource extends AuthorizationResource = AuthorizationResource,
  Policy extends string = string,
> {
  /** The answer for a resource without a permission: no, yes, or yes to everything. */
  readonly policyEnforcementMode?: 'ENFORCING' | 'PERMISSIVE' | 'DISABLED';
  /** How the answers of several permissions are combined. */
  readonly decisionStrategy?: 'UNANIMOUS' | 'AFFIRMATIVE';
  /** Whether the API may manage its resources with the protection API. */
  readonly allowRemoteResourceManagement?: boolean;
  /** Everything that can be done with a resource. */
  readonly scopes?: readonly AuthorizationScope<Scope>[];
  /** A protected thing. */
  readonly resources?: readonly Resource[];
  /** Conditions that permissions apply. */
  readonly policies?: readonly AuthorizationPolicy<Policy>[];
  /** The policies that decide on resources and scopes. */
  readonly permissions?: readonly AuthorizationPermission<
    NoInfer<Resource['name']>,
    NoInfer<Scope>,
    NoInfer<Policy>
  >[];
}

/**
 * Types an `authz.ts`, the file that `keycloak-guard authz plan` compares with Keycloak. A name of a scope, resource or
 * policy that the file does not define does not compile. Returns its argument; it neither checks nor sends anything.
 *
 * @example
 * ```ts
 * import { defineAuthorization } from '@keycloak-guard/cli';
 *
 * export default defineAuthorization({
 *   scopes: ['view', 'edit'],
 *   resources: [{ name: 'orders', scopes: ['view', 'edit'] }],
 *   policies: [{ name: 'is member', type: 'role', roles: ['member'], fetchRoles: true }],
 *   permissions: [{ name: 'orders for members', resources: ['orders'], policies: ['is member'] }],
 * });
 * ```
 */
export function defineAuthorization<
  const Scope extends string = never,
  const Resource extends AuthorizationResource<NoInfer<Scope>> = never,
  const Policy extends string = never,
>(file: AuthorizationFile<Scope, Resource, Policy>): AuthorizationFile<Scope, Resource, Policy> {
  return file;
}

/**
 * Every permission that a file defines: `resource#scope`, or `resource` if it has no scopes.
 *
 * @example
 * ```ts
 * const mayView: PermissionOf<typeof authorization> = 'orders#view';
 * ```
 */
export type PermissionOf<File> =
  File extends AuthorizationFile<infer _Scope, infer Resource, infer _Policy>
    ? Resource extends { readonly name: infer Name extends string }
      ? Resource extends { readonly scopes: readonly [] }
        ? Name
        : Resource extends { readonly scopes: readonly (infer Scope extends string)[] }
          ? `${Name}#${Scope}`
          : Name
      : never
    : never;
