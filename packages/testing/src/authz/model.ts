/** A protected resource. */
export interface Resource {
  readonly id: string;
  readonly name: string;
  readonly displayName: string | undefined;
  readonly type: string | undefined;
  readonly uris: readonly string[];
  readonly iconUri: string | undefined;
  /** Id of the client, or of a user. */
  readonly ownerId: string;
  /** Whether the owner may share it. */
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

/** A policy names who; a permission (type `resource`, `scope` or `uma`) applies policies to resources and scopes. */
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
}

/** A scope that a user asked the owner for, or was given. */
export interface Ticket {
  readonly id: string;
  readonly resourceId: string;
  /** `undefined` for a resource that has no scopes. */
  readonly scope: string | undefined;
  readonly ownerId: string;
  readonly requesterId: string;
  isGranted: boolean;
}

/** Everything that a decision reads. It does not change meanwhile. */
export interface DecisionModel {
  /** Id of the client that the resources belong to. */
  readonly clientId: string;
  readonly mode: EnforcementMode;
  readonly strategy: Strategy;
  readonly resources: ReadonlyMap<string, Resource>;
  readonly policies: ReadonlyMap<string, Policy>;
}

/** The settings, with Keycloak's defaults. */
export interface ReadSettings extends DecisionModel {
  readonly resources: Map<string, Resource>;
  readonly policies: Map<string, Policy>;
  /** By name. */
  readonly scopes: Map<string, Scope>;
  readonly allowsManagement: boolean;
}

/** A client with authorization services: its settings, and what the protection API added. */
export interface ResourceServer extends ReadSettings {
  /** The client's `clientId` on the wire. */
  readonly name: string;
  readonly tickets: Map<string, Ticket>;
}
