/** Something that permissions are about. */
export interface Resource {
  readonly id: string;
  readonly name: string;
  readonly displayName: string | undefined;
  readonly type: string | undefined;
  readonly uris: readonly string[];
  readonly iconUri: string | undefined;
  /** Id of the client, or of a user. */
  readonly ownerId: string;
  /** Whether its owner may share it. */
  readonly isOwnerManaged: boolean;
  /** By name. */
  readonly scopes: readonly string[];
  readonly attributes: Readonly<Record<string, readonly string[]>>;
}

export interface Scope {
  readonly id: string;
  readonly name: string;
  readonly iconUri: string | undefined;
}

export type Strategy = 'UNANIMOUS' | 'AFFIRMATIVE' | 'CONSENSUS';
export type EnforcementMode = 'ENFORCING' | 'PERMISSIVE' | 'DISABLED';

/** A policy says who; a permission (type `resource`, `scope` or `uma`) applies policies to resources and scopes. */
export interface Policy {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  /** `undefined`: the settings say neither, and it denies. */
  readonly isNegative: boolean | undefined;
  /** `undefined` the same. */
  readonly strategy: Strategy | undefined;
  /** Ids of resources. */
  readonly resources: readonly string[];
  /** Names of scopes. */
  readonly scopes: readonly string[];
  /** Ids of the policies that it applies. */
  readonly policies: readonly string[];
  /** A permission for all resources of a type. */
  readonly resourceType: string | undefined;
  readonly config: Readonly<Record<string, string>>;
  /** Who shares a resource by it: a user's id. */
  readonly ownerId?: string;
  readonly description?: string;
}

/** A scope of a resource that somebody asked for, or was given, by its owner. */
export interface Ticket {
  readonly id: string;
  readonly resourceId: string;
  /** `undefined` for a resource that has no scopes. */
  readonly scope: string | undefined;
  readonly ownerId: string;
  readonly requesterId: string;
  isGranted: boolean;
}

/** What a decision is made by: nothing of it changes while it is made. */
export interface DecisionModel {
  /** Id of the client whose resources they are. */
  readonly clientId: string;
  readonly mode: EnforcementMode;
  readonly strategy: Strategy;
  readonly resources: ReadonlyMap<string, Resource>;
  readonly policies: ReadonlyMap<string, Policy>;
}
