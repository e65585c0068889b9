import type { Issuer } from '../core/index.ts';
import type { DpopKey } from './dpop.ts';

/** What every verb needs. */
export interface ClientContext {
  readonly issuer: Issuer;
  readonly realm: string;
  readonly clientId: string;
  readonly clientSecret: string | undefined;
  /** To which tokens are bound. */
  readonly dpop: DpopKey | undefined;
  readonly timeoutMs: number;
  readonly clockToleranceSeconds: number;
  readonly fetch: typeof fetch;
}
