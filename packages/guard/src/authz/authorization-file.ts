// Aliases, no interfaces: what takes objects of any members takes these as well.

/** How answers are put together: all have to permit, one has to, or more than deny. */
export type DecisionStrategy = 'UNANIMOUS' | 'AFFIRMATIVE' | 'CONSENSUS';

/** A scope: its name, or more about it. */
export type AuthorizationScope<Scope extends string = string> =
  | Scope
  | { readonly name: Scope; readonly displayName?: string; readonly iconUri?: string };

/** What is protected. The client of the API owns it. */
export type AuthorizationResource<Scope extends string = string> = {
  readonly name: string;
  readonly displayName?: string;
  /** For example `urn:my-api:order`. */
  readonly type?: string;
  readonly uris?: readonly string[];
  /** Names out of `scopes`. */
  readonly scopes?: readonly Scope[];
  /** User-Managed Access. Default `false`. */
  readonly ownerManagedAccess?: boolean;
  readonly iconUri?: string;
  readonly attributes?: Readonly<Record<string, readonly string[]>>;
};

type PolicyOf<Type extends string, Name extends string> = {
  readonly name: Name;
  readonly type: Type;
  readonly description?: string;
  /** `NEGATIVE` turns the answer round. Default `POSITIVE`. */
  readonly logic?: 'POSITIVE' | 'NEGATIVE';
};

/** A name, or a name that has to be there whatever else is. */
type Needed = string | { readonly name: string; readonly required?: boolean };

/** A policy, by its type. */
export type AuthorizationPolicy<Name extends string = string> =
  /** `editor` is a role of the realm, `my-api/editor` one of a client. `fetchRoles`: as they are now, not as in the token. */
  | (PolicyOf<'role', Name> & { readonly roles: readonly Needed[]; readonly fetchRoles?: boolean })
  /** Paths. Without `groupsClaim` the groups are as they are now. */
  | (PolicyOf<'group', Name> & {
      readonly groups: readonly (string | { readonly path: string; readonly extendChildren?: boolean })[];
      readonly groupsClaim?: string;
    })
  | (PolicyOf<'user', Name> & { readonly users: readonly string[] })
  | (PolicyOf<'client', Name> & { readonly clients: readonly string[] })
  | (PolicyOf<'client-scope', Name> & { readonly clientScopes: readonly Needed[] })
  | (PolicyOf<'regex', Name> & {
      readonly targetClaim: string;
      readonly pattern: string;
      readonly targetContextAttributes?: boolean;
    })
  /** `notBefore` and `notOnOrAfter` are `yyyy-MM-dd HH:mm:ss`. */
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

/** Which policies decide about what. With `scopes` it is scope-based, without resource-based. */
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
  /** Kept, and of no effect: Keycloak turns round what a policy says, never what a permission says. */
  readonly logic?: 'POSITIVE' | 'NEGATIVE';
};

/**
 * Resources, scopes, policies and permissions of a client, as `keycloak-guard authz` reads and writes them. What the three
 * switches leave out stays as it is in Keycloak; an entry of a list is all of its object.
 */
export interface AuthorizationFile<
  Scope extends string = string,
  Resource extends AuthorizationResource = AuthorizationResource,
  Policy extends string = string,
> {
  readonly policyEnforcementMode?: 'ENFORCING' | 'PERMISSIVE' | 'DISABLED';
  readonly decisionStrategy?: 'UNANIMOUS' | 'AFFIRMATIVE';
  readonly allowRemoteResourceManagement?: boolean;
  readonly scopes?: readonly AuthorizationScope<Scope>[];
  readonly resources?: readonly Resource[];
  readonly policies?: readonly AuthorizationPolicy<Policy>[];
  readonly permissions?: readonly AuthorizationPermission<
    NoInfer<Resource['name']>,
    NoInfer<Scope>,
    NoInfer<Policy>
  >[];
}
