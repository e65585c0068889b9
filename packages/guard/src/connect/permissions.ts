import { type ClientContext, callKeycloak } from '../client/internal.ts';
import { AuthError } from '../core/index.ts';
import { readCredentials, toJsonObject } from '../core/internal.ts';
import { withClient } from './live-answers.ts';
import { type ConnectRequest, kauthOf } from './request.ts';

/** What is asked of Keycloak's authorization services. */
export interface AuthZRequest {
  /** Client id of the resource server. Default: this client. */
  readonly audience?: string | undefined;
  /** `permissions`: a list of what is granted. `decision`: `{ result: true }`. Default: a token that has it. */
  readonly response_mode?: string | undefined;
  /** Claims for the policies: a JSON object in base64. */
  readonly claim_token?: string | undefined;
  readonly claim_token_format?: string | undefined;
  /** Resources by id or name. Default: all that the user has. */
  readonly permissions?:
    | readonly { readonly id: string; readonly scopes?: readonly string[] | undefined }[]
    | undefined;
}

const UMA = 'urn:ietf:params:oauth:grant-type:uma-ticket';

/**
 * Asks Keycloak what the caller of a request may do.
 *
 * By the names that the application has in it, as keycloak-connect does. Where users may register resources (they have the
 * client role `uma_protection`), one of them can register another of the same name: `createPermissions` of
 * `keycloak-guard/authz` asks by the ids of this client's own resources.
 *
 * @returns Keycloak's answer as it came
 * @throws {AuthError} `permission_denied` where Keycloak grants nothing of it
 * @throws {ClientError} where it could not be asked
 * @see Keycloak: Authorization Services Guide, "Obtaining permissions"
 */
export async function askForPermissions(
  client: ClientContext,
  isPublic: boolean,
  authzRequest: AuthZRequest,
  request: ConnectRequest,
): Promise<string> {
  const token = tokenOf(request, isPublic);
  if (token === undefined) throw new Error('No bearer in header');
  const form = withClient(client, {
    grant_type: UMA,
    audience: authzRequest.audience || client.clientId,
    ...(authzRequest.response_mode ? { response_mode: authzRequest.response_mode } : {}),
    ...(isPublic ? {} : { subject_token: token }),
  });
  if (authzRequest.claim_token) {
    form.set('claim_token', authzRequest.claim_token);
    form.set('claim_token_format', authzRequest.claim_token_format ?? '');
  }
  for (const { id, scopes = [] } of authzRequest.permissions ?? []) {
    form.append('permission', scopes.length > 0 ? `${id}#${scopes.join(',')}` : id);
  }
  const answer = await callKeycloak(client, { hidden: [token] }, async ({ fetch }) => {
    const response = await fetch(client.issuer.endpoints.token, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        accept: 'application/json',
        ...(isPublic ? { authorization: `Bearer ${token}` } : {}),
      },
      body: form,
      signal: AbortSignal.timeout(client.timeoutMs),
    });
    const text = await response.text();
    if (response.status === 200) return text;
    if (response.status === 403 && toJsonObject(text)?.error === 'access_denied') return null;
    throw new Error('refused');
  });
  if (answer === null) throw new AuthError('permission_denied', 'Keycloak does not grant the permission');
  return answer;
}

/** The caller's own token: of a session, or as it was sent. */
function tokenOf(request: ConnectRequest, isPublic: boolean): string | undefined {
  const held = kauthOf(request).grant?.access_token?.token;
  if (isPublic) return held;
  const sent = request.headers.authorization === undefined ? undefined : readCredentials(request);
  return typeof sent === 'string' ? sent : held;
}
