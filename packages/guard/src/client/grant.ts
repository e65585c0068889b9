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
export const grant: GrantRequest<Tokens> = toRequest(async (wire, answer) =>
  toTokens(await processGenericTokenEndpointResponse(wire.server, wire.client, answer)),
);

/**
 * The same, with Keycloak's raw answer. Its tokens are not checked: the callers verify them.
 *
 * @throws {ClientError}
 */
export const requestTokens: GrantRequest<string> = toRequest(async (wire, answer) => {
  const text = await answer.clone().text();
  if (answer.status === 200 && toJsonObject(text) !== undefined) return text;
  // Throws the reason.
  await processGenericTokenEndpointResponse(wire.server, wire.client, answer);
  throw new Error('refused');
});

type GrantRequest<T> = (
  context: ClientContext,
  grantType: string,
  parameters: Readonly<Record<string, string>>,
  call: CallOptions,
) => Promise<T>;

function toRequest<T>(read: (wire: Wire, answer: Response) => Promise<T>): GrantRequest<T> {
  return (context, grantType, parameters, call) =>
    callKeycloak(context, call, async (wire) => {
      const { server, client, authentication, options } = wire;
      const fields = { ...parameters };
      return read(
        wire,
        await genericTokenEndpointRequest(server, client, authentication, grantType, fields, options()),
      );
    });
}
