import type { Issuer } from '../core/index.ts';

/** What every verb needs. */
export interface ClientContext {
  readonly issuer: Issuer;
  readonly realm: string;
  readonly clientId: string;
  readonly clientSecret: string | undefined;
  readonly timeoutMs: number;
  readonly clockToleranceSeconds: number;
  readonly fetch: typeof fetch;
}
