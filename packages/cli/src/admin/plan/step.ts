import type OrganizationRepresentation from '@keycloak/keycloak-admin-client/lib/defs/organizationRepresentation.js';
import type { Mapper } from '../mappers.ts';
import type { DocumentPolicy } from '../mcp/current.ts';

/** One setting that changes, for people. Never holds a secret. */
export interface Change {
  readonly field: string;
  readonly from: string;
  readonly to: string;
}

/** An action, ready for the Admin API. Names only: ids are looked up when the step is done. */
export type Action =
  | { readonly type: 'create-realm'; readonly realm: object }
  | {
      readonly type: 'update-realm';
      readonly patch: object;
      readonly attributes?: Record<string, string>;
    }
  | { readonly type: 'create-realm-role'; readonly name: string }
  /** @property client default: the client of the API */
  | { readonly type: 'create-client-role'; readonly name: string; readonly client?: string }
  | { readonly type: 'create-organization'; readonly organization: object }
  | { readonly type: 'update-organization'; readonly organization: OrganizationRepresentation }
  | { readonly type: 'add-member'; readonly alias: string; readonly username: string }
  | { readonly type: 'create-group'; readonly path: string }
  | { readonly type: 'create-client'; readonly client: object }
  | {
      readonly type: 'update-client';
      readonly client: string;
      readonly patch: object;
      readonly attributes: Record<string, string>;
    }
  | {
      readonly type: 'add-scope';
      readonly scope: string;
      readonly how: 'default' | 'optional';
      /** Default: the client of the API. */
      readonly client?: string;
    }
  | { readonly type: 'create-scope'; readonly scope: object }
  | { readonly type: 'put-mapper'; readonly mapper: Mapper; readonly client?: string }
  /** @property issuer of a Kubernetes cluster */
  | { readonly type: 'create-provider'; readonly alias: string; readonly issuer: string }
  | { readonly type: 'create-user'; readonly user: object }
  | { readonly type: 'update-user'; readonly patch: object; readonly attributes: Record<string, string[]> }
  | { readonly type: 'set-password'; readonly password: string }
  | {
      readonly type: 'grant-roles';
      readonly realmRoles: readonly string[];
      readonly clientRoles: readonly string[];
    }
  /** @property of the client whose role it is */
  | {
      readonly type: 'grant-service-role';
      readonly client: string;
      readonly of: string;
      readonly role: string;
    }
  | { readonly type: 'join-group'; readonly path: string }
  | { readonly type: 'set-scope-attributes'; readonly scope: string }
  | { readonly type: 'add-scope-mapper'; readonly scope: string; readonly mapper: Mapper }
  | { readonly type: 'offer-scope'; readonly scope: string }
  | { readonly type: 'trust-hosts'; readonly hosts: readonly string[] }
  | { readonly type: 'allow-origins'; readonly origins: readonly string[] }
  | { readonly type: 'take-documents'; readonly policy: DocumentPolicy };

export type ActionOf<T extends Action['type']> = Extract<Action, { type: T }>;

export interface Step<A = Action> {
  readonly kind: 'create' | 'change';
  readonly subject: string;
  readonly changes: readonly Change[];
  readonly opens?: readonly string[] | undefined;
  readonly action: A;
}

export interface Blocked {
  readonly subject: string;
  readonly why: string;
  readonly fix: string;
}

export interface Plan {
  readonly steps: readonly Step[];
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
