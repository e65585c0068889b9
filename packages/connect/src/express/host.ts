import { AuthorizationError } from 'keycloak-guard/client';
import { buildChallenge, isThenable } from 'keycloak-guard/unstable/connect';
import type { Config } from './config.ts';
import { type Grant, outageOf, toAuthError } from './grant.ts';
import type { GrantData, GrantManager } from './grant-manager.ts';
import type { AuthZRequest } from './permissions.ts';
import { type ConnectRequest, type ConnectResponse, kauthOf, type Next } from './request.ts';
import { type GrantStore, readBearer } from './stores.ts';

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

// Functions that the application replaces may throw, or be async: unhandled, either would end the process.

/** Refuses a request as the application does. */
export function deny({ keycloak, request, response, next }: Exchange): void {
  settle(keycloak.accessDenied(request, response, next), response);
}

/** Reports the rejection of a hook's promise, and answers 500 where `response` is given and not answered yet. */
export function settle(result: unknown, response?: ConnectResponse): void {
  if (isThenable(result)) Promise.resolve(result).catch((error: unknown) => fail(error, response));
}

/** Code of the application failed where nobody else catches it. */
export function fail(error: unknown, response?: ConnectResponse): void {
  console.error(error);
  if (response === undefined || response.headersSent) return;
  response.statusCode = 500;
  response.end();
}

/**
 * Answers 403 if the caller is known, 401 with a challenge if not, 503 if Keycloak does not answer and 500 if this client is
 * set up wrongly. The body is keycloak-connect's.
 *
 * @see RFC 6750 §3, §3.1
 */
export function denyAccess(request: ConnectRequest, response: ConnectResponse): void {
  const { grant, error } = kauthOf(request);
  const refusal = toAuthError(error);
  if (refusal !== undefined) {
    send(response, refusal.statusCode, refusal.headers);
  } else if (grant !== undefined) {
    send(response, 403, readBearer(request) === undefined ? {} : CHALLENGE);
  } else if (error instanceof AuthorizationError) {
    send(response, 403, {});
  } else {
    send(response, 401, { 'www-authenticate': buildChallenge() });
  }
}

const CHALLENGE = { 'www-authenticate': buildChallenge({ error: 'insufficient_scope' }) };

function send(response: ConnectResponse, status: number, headers: Readonly<Record<string, string>>): void {
  response.statusCode = status;
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  response.end('Access denied');
}

/**
 * The grant of a request, from the first store that has one.
 *
 * A grant that Keycloak refuses is removed from the session, or every request would ask again. Before that, the store is
 * read once more: another process may just have renewed the grant, and with rotated refresh tokens ours is then the old one.
 */
export async function readGrant(
  keycloak: KeycloakHost,
  request: ConnectRequest,
  response: ConnectResponse,
): Promise<Grant> {
  let stored: unknown;
  const store = keycloak.stores.find((one) => {
    stored = one.get(request);
    return stored;
  });
  if (store === undefined || isRefusal(stored)) throw new Error('Could not obtain grant code error');
  store.assertOrigin?.(request);
  try {
    return await keep(stored);
  } catch (error) {
    if (outageOf(error) !== undefined) throw toStoreError(error);
    const newer = await store.reload?.(request).catch(() => undefined);
    if (newer !== undefined && newer !== stored)
      return keep(newer).catch((later: unknown) => {
        throw toStoreError(later);
      });
    store.drop?.(request, response);
    throw toStoreError(error);
  }

  async function keep(kept: unknown): Promise<Grant> {
    const grant = await keycloak.grantManager.createGrant(kept as GrantData);
    keycloak.storeGrant(grant, request, response);
    return grant;
  }
}

function isRefusal(stored: unknown): boolean {
  return typeof stored === 'object' && stored !== null && 'error' in stored;
}

function toStoreError(cause: unknown): Error {
  return new Error('Could not store grant code error', { cause });
}
