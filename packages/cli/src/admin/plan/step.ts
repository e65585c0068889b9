import type ClientScopeRepresentation from '@keycloak/keycloak-admin-client/lib/defs/clientScopeRepresentation.js';
import type OrganizationRepresentation from '@keycloak/keycloak-admin-client/lib/defs/organizationRepresentation.js';
import type { Mapper } from '../mappers.ts';

export interface Change {
  readonly field: string;
  readonly from: string;
  readonly to: string;
}

/** A client that is created: what a step leaves out is Keycloak's default. */
export interface NewClient {
  readonly clientId: string;
  readonly publicClient: boolean;
  readonly attributes: Record<string, string>;
  readonly protocolMappers?: Mapper[];
  readonly [setting: string]: unknown;
}

/** A policy of the realm for clients whose id is the URL of a document at one of these domains. */
export interface DocumentPolicy {
  readonly name: string;
  readonly domains: readonly string[];
}

/** The actions by type. Names only: ids are looked up when the step is done. A client left out is that of the API. */
interface Actions {
  'create-realm': { realm: object };
  'update-realm': { patch: object; attributes?: Record<string, string> };
  'create-realm-role': { name: string };
  'create-client-role': { name: string; client?: string };
  'create-organization': { organization: object };
  'update-organization': { organization: OrganizationRepresentation };
  'add-member': { alias: string; username: string };
  /** `alias` is that of the organization, `path` that of the group within it. */
  'create-organization-group': { alias: string; path: string };
  'grant-organization-role': { alias: string; path: string; role: string };
  'join-organization-group': { alias: string; path: string; username: string };
  'create-group': { path: string };
  'create-client': { client: NewClient };
  'update-client': { client: string; patch: object; attributes: Record<string, string> };
  'add-scope': { scope: string; how: 'default' | 'optional'; client?: string };
  'create-scope': { scope: ClientScopeRepresentation };
  'put-mapper': { mapper: Mapper; client?: string };
  /** For a Kubernetes cluster, by its issuer. */
  'create-provider': { alias: string; issuer: string };
  'create-user': { user: object };
  'update-user': { patch: object };
  'set-password': { password: string };
  'grant-roles': { realmRoles: readonly string[]; clientRoles: readonly string[] };
  /** `of` is the client of the role. */
  'grant-service-role': { client: string; of: string; role: string };
  'join-group': { path: string };
  'set-scope-attributes': { scope: string };
  'add-scope-mapper': { scope: string; mapper: Mapper };
  /** The settings of the mapper of its kind in a client scope. */
  'set-scope-mapper': { scope: string; mapper: Mapper };
  'offer-scope': { scope: string };
  'trust-hosts': { hosts: readonly string[] };
  'allow-origins': { origins: readonly string[] };
  'take-documents': { policy: DocumentPolicy };
}

export type Action = { [T in keyof Actions]: { readonly type: T } & Readonly<Actions[T]> }[keyof Actions];
export type ActionOf<T extends Action['type']> = Extract<Action, { type: T }>;

/** A step as people see it. */
export interface PlanStep {
  readonly kind: 'create' | 'change' | 'delete';
  readonly subject: string;
  readonly changes: readonly Change[];
  /** New rights of existing users and programs. Shown in red. */
  readonly opens?: readonly string[] | undefined;
}

export interface Step<A = Action> extends PlanStep {
  readonly action: A;
}

export interface Blocked {
  readonly subject: string;
  readonly why: string;
  readonly fix: string;
}

export interface Plan<S = Step> {
  readonly steps: readonly S[];
  /** Subjects that exist and stay as they are. */
  readonly kept: readonly string[];
  readonly blocked: readonly Blocked[];
}

export interface Part {
  readonly steps: Step[];
  readonly kept: string[];
  readonly blocked: Blocked[];
}

export const newPart = (): Part => ({ steps: [], kept: [], blocked: [] });

export const blockedPart = (subject: string, why: string, fix: string): Part => ({
  steps: [],
  kept: [],
  blocked: [{ subject, why, fix }],
});

export const joinParts = (parts: readonly Plan[]): Part => ({
  steps: parts.flatMap((part) => part.steps),
  kept: parts.flatMap((part) => part.kept),
  blocked: parts.flatMap((part) => part.blocked),
});

export const toCreate = (subject: string, action: Action, changes: readonly Change[] = []): Step => ({
  kind: 'create',
  subject,
  changes,
  action,
});

export const toChange = <A = Action>(
  subject: string,
  changes: readonly Change[],
  action: A,
  opens?: readonly string[],
): Step<A> => ({ kind: 'change', subject, changes, opens, action });

export const change = (field: string, to: string, from = ''): Change => ({ field, from, to });

export const added = (field: string, ...what: readonly string[]): Change =>
  change(field, `+ ${what.join(', ')}`);

export const switchedOn = (field: string): Change => change(field, 'on', 'off');
