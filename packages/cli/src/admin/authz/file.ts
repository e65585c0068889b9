/** How answers are put together: all have to permit, one has to, or more than deny. */
export type DecisionStrategy = 'UNANIMOUS' | 'AFFIRMATIVE' | 'CONSENSUS';

/** A scope: its name, or more about it. */
export type AuthzScope =
  | string
  | { readonly name: string; readonly displayName?: string; readonly iconUri?: string };

/** What is protected. The client of the API owns it. */
export interface AuthzResource {
  readonly name: string;
  readonly displayName?: string;
  /** For example `urn:my-api:order`. */
  readonly type?: string;
  readonly uris?: readonly string[];
  /** Names out of `scopes`. */
  readonly scopes?: readonly string[];
  /** User-Managed Access. Default `false`. */
  readonly ownerManagedAccess?: boolean;
  readonly iconUri?: string;
  readonly attributes?: Readonly<Record<string, readonly string[]>>;
}

interface PolicyOf<T extends string> {
  readonly name: string;
  readonly type: T;
  readonly description?: string;
  /** `NEGATIVE` turns the answer round. Default `POSITIVE`. */
  readonly logic?: 'POSITIVE' | 'NEGATIVE';
}

/** A name, or a name that has to be there whatever else is. */
type Needed = string | { readonly name: string; readonly required?: boolean };

/** A policy, by its type. */
export type AuthzPolicy =
  /** `editor` is a role of the realm, `my-api/editor` one of a client. `fetchRoles`: as they are now, not as in the token. */
  | (PolicyOf<'role'> & { readonly roles: readonly Needed[]; readonly fetchRoles?: boolean })
  /** Paths. Without `groupsClaim` the groups are as they are now. */
  | (PolicyOf<'group'> & {
      readonly groups: readonly (string | { readonly path: string; readonly extendChildren?: boolean })[];
      readonly groupsClaim?: string;
    })
  | (PolicyOf<'user'> & { readonly users: readonly string[] })
  | (PolicyOf<'client'> & { readonly clients: readonly string[] })
  | (PolicyOf<'client-scope'> & { readonly clientScopes: readonly Needed[] })
  | (PolicyOf<'regex'> & {
      readonly targetClaim: string;
      readonly pattern: string;
      readonly targetContextAttributes?: boolean;
    })
  /** `notBefore` and `notOnOrAfter` are `yyyy-MM-dd HH:mm:ss`. */
  | (PolicyOf<'time'> & {
      readonly [M in TimeMember]?: M extends 'notBefore' | 'notOnOrAfter' ? string : number;
    })
  | (PolicyOf<'aggregate'> & {
      readonly policies: readonly string[];
      readonly decisionStrategy?: DecisionStrategy;
    });

type TimeMember =
  | 'notBefore'
  | 'notOnOrAfter'
  | `${'dayMonth' | 'month' | 'year' | 'hour' | 'minute'}${'' | 'End'}`;

/** Which policies decide about what. With `scopes` it is scope-based, without resource-based. */
export interface AuthzPermission {
  readonly name: string;
  readonly description?: string;
  readonly resources?: readonly string[];
  readonly resourceType?: string;
  readonly scopes?: readonly string[];
  readonly policies: readonly string[];
  readonly decisionStrategy?: DecisionStrategy;
  /** `NEGATIVE` turns the answer round. Default `POSITIVE`. */
  readonly logic?: 'POSITIVE' | 'NEGATIVE';
}

/** The whole file. What the three switches leave out stays as it is in Keycloak; an entry of a list is all of its object. */
export interface AuthzFile {
  readonly policyEnforcementMode?: 'ENFORCING' | 'PERMISSIVE' | 'DISABLED';
  readonly decisionStrategy?: 'UNANIMOUS' | 'AFFIRMATIVE';
  readonly allowRemoteResourceManagement?: boolean;
  readonly scopes?: readonly AuthzScope[];
  readonly resources?: readonly AuthzResource[];
  readonly policies?: readonly AuthzPolicy[];
  readonly permissions?: readonly AuthzPermission[];
}
