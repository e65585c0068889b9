import { processRevocationResponse, revocationRequest } from 'oauth4webapi';
import { callKeycloak } from './call.ts';
import type { ClientContext } from './context.ts';

/** RFC 7009. Keycloak answers 200 for a token it does not know. */
export async function revoke(context: ClientContext, token: string): Promise<void> {
  await callKeycloak(context, { hidden: [token] }, async ({ server, client, authentication, options }) =>
    processRevocationResponse(await revocationRequest(server, client, authentication, token, options())),
  );
}
