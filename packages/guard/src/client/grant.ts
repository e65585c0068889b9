import { genericTokenEndpointRequest, processGenericTokenEndpointResponse } from 'oauth4webapi';
import { type CallOptions, callKeycloak } from './call.ts';
import type { ClientContext } from './context.ts';
import { type Tokens, toTokens } from './tokens.ts';

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
  return callKeycloak(context, call, async ({ server, client, authentication, options }) => {
    const answer = await genericTokenEndpointRequest(
      server,
      client,
      authentication,
      grantType,
      { ...parameters },
      options(),
    );
    return toTokens(await processGenericTokenEndpointResponse(server, client, answer));
  });
}
