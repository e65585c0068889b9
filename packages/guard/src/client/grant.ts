import { genericTokenEndpointRequest, processGenericTokenEndpointResponse } from 'oauth4webapi';
import { toJsonObject } from '../core/internal.ts';
import { type CallOptions, callKeycloak, type Wire } from './call.ts';
import type { ClientContext } from './context.ts';
import { toTokens } from './token-response.ts';
import type { Tokens } from './tokens.ts';

/**
 * One request to the token endpoint (RFC 6749 §5), with this client's authentication. Where an ID token comes back, its
 * claims are checked.
 *
 * @throws {ClientError}
 */
export function grant(
  context: ClientContext,
  grantType: string,
  parameters: Readonly<Record<string, string>>,
  call: CallOptions,
): Promise<Tokens> {
  return callKeycloak(context, call, async (wire) => {
    const answer = await post(wire, grantType, parameters);
    return toTokens(await processGenericTokenEndpointResponse(wire.server, wire.client, answer));
  });
}

/**
 * The same, with Keycloak's raw answer. Its tokens are not checked: the callers verify them.
 *
 * @throws {ClientError}
 */
export function requestTokens(
  context: ClientContext,
  grantType: string,
  parameters: Readonly<Record<string, string>>,
  call: CallOptions,
): Promise<string> {
  return callKeycloak(context, call, async (wire) => {
    const answer = await post(wire, grantType, parameters);
    const text = await answer.clone().text();
    if (answer.status === 200 && toJsonObject(text) !== undefined) return text;
    // Throws the reason.
    await processGenericTokenEndpointResponse(wire.server, wire.client, answer);
    throw new Error('refused');
  });
}

function post(
  wire: Wire,
  grantType: string,
  parameters: Readonly<Record<string, string>>,
): Promise<Response> {
  const { server, client, authentication, options } = wire;
  return genericTokenEndpointRequest(server, client, authentication, grantType, { ...parameters }, options());
}
