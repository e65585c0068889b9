import type { RoleSet } from '../../realm/roles.ts';

/** Whom a decision is about. */
export interface Subject {
  /** Id of the user, or of the client for a service account. */
  readonly id: string;
  readonly username: string;
  readonly isServiceAccount: boolean;
  /** The claims of the token, each as texts. */
  readonly attributes: ReadonlyMap<string, readonly string[]>;
  /** Roles in the token, as of its issue. */
  readonly tokenRoles: RoleSet;
  /** Current roles. */
  readonly roles: RoleSet;
  /** Paths of the current groups. */
  readonly groups: readonly string[];
}

/** What policies know about the request. */
export interface RequestContext {
  readonly attributes: ReadonlyMap<string, readonly string[]>;
  /** Unit: milliseconds since 1970. */
  readonly now: number;
}

/** Everything that policies decide on. */
export interface Question {
  readonly subject: Subject;
  readonly context: RequestContext;
}
