import type { Blocked, Change } from '../admin/index.ts';

/** One thing that a plan does, as it is shown. */
export interface ShownStep {
  readonly kind: 'create' | 'change' | 'delete';
  /** For people, for example `client fastapi-keycloak`. */
  readonly subject: string;
  readonly changes: readonly Change[];
  /** What somebody who was there before can do afterwards and could not before. Shown in red. */
  readonly opens?: readonly string[] | undefined;
}

/** Something that was done, for example `created` and `realm shop`. */
export interface Done {
  readonly verb: string;
  readonly subject: string;
}

/** A part of what a command is about to do: of Keycloak, of a file. */
export interface PlanPart {
  /** The line above it. */
  readonly title?: string | undefined;
  readonly steps: readonly ShownStep[];
  /** What exists already and stays as it is. */
  readonly kept: readonly string[];
  /** What is left to a person. */
  readonly blocked: readonly Blocked[];
  /** Asks what else has to be asked, before the plan is agreed to. */
  settle?(): Promise<void>;
  /** Does the steps in their order, and yields each when it is done. */
  apply(): AsyncIterable<Done>;
}

/** Past participles of the kinds of steps. */
export const VERBS = { create: 'created', change: 'changed', delete: 'deleted' } as const;
