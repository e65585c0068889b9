import { AuthError } from '../core/index.ts';
import { type BoundedResponse, describeAnswer, toJsonObject } from '../core/internal.ts';
import type { AuthzContext } from './context.ts';
import { type GrantedResource, toGrants } from './grants.ts';

/** Keycloak's answer to a question: what it grants, or that it does not know a resource or scope. */
export type Answer = readonly GrantedResource[] | 'unknown';

/** Descriptions of a 403 about the permission. Any other 403 is about the realm or the client. */
const NO = ['not_authorized', 'request_submitted'] as const;

/** How Keycloak refuses; `undefined` if it does not. */
export function readNo({ status, body }: BoundedResponse): (typeof NO)[number] | undefined {
  const { error, error_description: description } = toJsonObject(body) ?? {};
  return status === 403 && error === 'access_denied' ? NO.find((one) => one === description) : undefined;
}

/**
 * Reads the answer to a `uma-ticket` request (UMA 2.0 Grant §3.3.6) by its JSON, not by its status alone: a disabled realm
 * also answers `access_denied`.
 *
 * @throws {AuthError} `token_revoked` if the caller's token is no longer valid, `provider_misconfigured` if the API's client
 *   is set up wrongly, `provider_unavailable` for any other answer
 */
export function readAnswer(
  response: BoundedResponse,
  context: Pick<AuthzContext, 'clientId' | 'asks'>,
  secrets: readonly string[],
): Answer {
  const { status, body } = response;
  const grants = status === 200 ? toGrants(body) : undefined;
  if (grants !== undefined) return grants;
  const { error, error_description: description = '' } = toJsonObject(body) ?? {};
  const seen = describeAnswer(response, secrets);
  if (readNo(response) !== undefined) return [];
  if (status === 400 && (error === 'invalid_resource' || error === 'invalid_scope')) return 'unknown';
  if (isCallersToken(status, error, String(description), context.asks)) {
    throw new AuthError('token_revoked', 'Keycloak says that the token is no longer valid', { seen });
  }
  const fix = fixOf(error, String(description), context);
  if (fix !== undefined) throw new AuthError('provider_misconfigured', `${fix} (${seen})`);
  throw new AuthError('provider_unavailable', `Keycloak gave no usable answer to a permission (${seen})`);
}

function isCallersToken(
  status: number,
  error: unknown,
  description: string,
  asks: AuthzContext['asks'],
): boolean {
  if (status === 400 && error === 'unauthorized_client' && /Invalid identity/i.test(description)) return true;
  return asks === 'caller' && (status === 400 || status === 401) && error === 'invalid_grant';
}

/** What to change; `undefined` if the answer does not concern the set-up. */
function fixOf(
  error: unknown,
  description: string,
  { clientId }: Pick<AuthzContext, 'clientId'>,
): string | undefined {
  if (/Unknown resource server/i.test(description)) {
    return `There is no client ${clientId} in the realm: check the client id`;
  }
  if (/does not support permissions/i.test(description)) {
    return `The client ${clientId} has no authorization services: turn "Authorization" on in Keycloak`;
  }
  if (/not allowed to send claims/i.test(description)) {
    return "A public client's token cannot come with claims: set asks to 'api'";
  }
  if (error === 'invalid_client' || error === 'unauthorized_client') {
    return `Keycloak refuses the client ${clientId}: its secret is wrong, it is disabled, or "Service accounts roles" is off`;
  }
  return undefined;
}
