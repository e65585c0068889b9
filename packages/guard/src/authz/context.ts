import type { Issuer } from '../core/index.ts';
import type { KeycloakCalls } from './keycloak-calls.ts';

/** What every question to Keycloak needs. It stays in this room, because it holds the secret. */
export interface AuthzContext {
  readonly issuer: Issuer;
  /** Client id of the resource server. */
  readonly clientId: string;
  readonly clientSecret: string;
  readonly asks: 'caller' | 'api';
  readonly calls: KeycloakCalls;
  /** Unit: milliseconds. */
  readonly permissionMs: number;
  /** Unit: milliseconds since 1970. */
  readonly clock: () => number;
}

/** The secret in every form in which it is sent, to be hidden in messages. */
export function secretsOf({ clientSecret }: AuthzContext): string[] {
  return [clientSecret, new URLSearchParams([['', clientSecret]]).toString().slice(1)];
}
