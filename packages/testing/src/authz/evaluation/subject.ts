import type { RoleSet } from '../../realm/roles.ts';

/** Whom a decision is about. */
export interface Subject {
  /** Id of the user; of the client, where it is a client's service account. */
  readonly id: string;
  readonly username: string;
  readonly isServiceAccount: boolean;
  /** The claims of the token, each as texts. */
  readonly attributes: ReadonlyMap<string, readonly string[]>;
  /** Roles that the token carries: those of the time it was issued. */
  readonly tokenRoles: RoleSet;
  /** Roles as they are now. */
  readonly roles: RoleSet;
  /** Paths of groups, as they are now. */
  readonly groups: readonly string[];
}

/** What policies get to know of the request. */
export interface RequestContext {
  readonly attributes: ReadonlyMap<string, readonly string[]>;
  /** Unit: milliseconds since 1970. */
  readonly now: number;
}

/** Everything that policies decide by. */
export interface Question {
  readonly subject: Subject;
  readonly context: RequestContext;
}
