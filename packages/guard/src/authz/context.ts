import type { Issuer } from '../core/index.ts';
import type { KeycloakCalls } from './keycloak-calls.ts';

/** What every question to Keycloak needs. Nobody outside of this room gets hold of it: it holds the secret. */
export interface AuthzContext {
  readonly issuer: Issuer;
  /** The resource server in Keycloak. */
  readonly clientId: string;
  readonly clientSecret: string;
  readonly asks: 'caller' | 'api';
  readonly calls: KeycloakCalls;
  /** Unit: milliseconds. */
  readonly permissionMs: number;
  /** Unit: milliseconds since 1970. */
  readonly clock: () => number;
}

/** A secret in every form in which it is sent. */
export function secretsOf({ clientSecret }: AuthzContext): string[] {
  return [clientSecret, new URLSearchParams([['', clientSecret]]).toString().slice(1)];
}
