import type { Credential, Issuer } from '../core/index.ts';
import type { KeycloakCalls } from './keycloak-calls.ts';

/** What every question to Keycloak needs. It stays in this room, because it can act as the client. */
export interface AuthzContext {
  readonly issuer: Issuer;
  /** Client id of the resource server. */
  readonly clientId: string;
  readonly credential: Credential;
  readonly asks: 'caller' | 'api';
  readonly calls: KeycloakCalls;
  /** Unit: milliseconds. */
  readonly permissionMs: number;
  /** Unit: milliseconds since 1970. */
  readonly clock: () => number;
}
