import type { Config } from './config.ts';
import type { Grant } from './grant.ts';
import type { GrantManager } from './grant-manager.ts';
import type { AuthZRequest } from './permissions.ts';
import type { ConnectRequest, ConnectResponse, Next } from './request.ts';
import type { GrantStore } from './stores.ts';

/** A request at a middleware of `Keycloak`. */
export interface Exchange {
  readonly keycloak: KeycloakHost;
  readonly request: ConnectRequest;
  readonly response: ConnectResponse;
  readonly next: Next;
}

/** The members of `Keycloak` that its middleware calls. Looked up at each call, because applications replace them. */
export interface KeycloakHost {
  readonly config: Pick<Config, 'bearerOnly' | 'clientId' | 'policyEnforcer'>;
  readonly grantManager: GrantManager;
  readonly stores: GrantStore[];
  accessDenied(request: ConnectRequest, response: ConnectResponse, next?: Next): unknown;
  redirectToLogin(request: ConnectRequest): boolean;
  authenticated(request: ConnectRequest): unknown;
  deauthenticated(request: ConnectRequest): unknown;
  getGrant(request: ConnectRequest, response: ConnectResponse): Promise<Grant>;
  getGrantFromCode(code: string, request: ConnectRequest, response: ConnectResponse): Promise<Grant>;
  storeGrant(grant: Grant | undefined, request: ConnectRequest, response: ConnectResponse): Grant | undefined;
  unstoreGrant(sessionId: string): void;
  checkPermissions(
    authzRequest: AuthZRequest,
    request: ConnectRequest,
    callback?: (permissions: unknown) => unknown,
  ): Promise<Grant>;
  loginUrl(state?: string, redirectUrl?: string): string;
  logoutUrl(redirectUrl?: string, idTokenHint?: string): string;
}
