import type { Mapper } from '../mapper.ts';
import type { Action, Part } from '../plan/step.ts';
import type { DocumentPolicy } from './documents.ts';

/** Names only: ids are looked up when the step is done. */
export type McpAction =
  | Action
  | { readonly type: 'set-scope-attributes'; readonly scope: string }
  | { readonly type: 'add-scope-mapper'; readonly scope: string; readonly mapper: Mapper }
  | { readonly type: 'offer-scope'; readonly scope: string }
  | { readonly type: 'trust-hosts'; readonly hosts: readonly string[] }
  | { readonly type: 'allow-origins'; readonly origins: readonly string[] }
  | { readonly type: 'take-documents'; readonly policy: DocumentPolicy };

export type McpPart = Part<McpAction>;
