import type { Action, Blocked, Change, Step } from '../plan/step.ts';
import type { DocumentPolicy } from './documents.ts';
import type { Mapper } from './goal.ts';

/** Names only: ids are looked up when it is done. */
export type McpAction =
  | Action
  | { readonly type: 'set-scope-attributes'; readonly scope: string }
  | { readonly type: 'add-scope-mapper'; readonly scope: string; readonly mapper: Mapper }
  | { readonly type: 'offer-scope'; readonly scope: string }
  | { readonly type: 'trust-hosts'; readonly hosts: readonly string[] }
  | { readonly type: 'allow-origins'; readonly origins: readonly string[] }
  | { readonly type: 'take-documents'; readonly policy: DocumentPolicy };

/** A plan, while it is being made. */
export interface Draft {
  readonly steps: Step<McpAction>[];
  readonly kept: string[];
  readonly blocked: Blocked[];
}

export const change = (field: string, to: string, from = ''): Change => ({ field, from, to });
