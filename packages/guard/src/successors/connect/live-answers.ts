import { type ClientContext, callKeycloak } from '../../client/internal.ts';
import { toJsonObject } from '../../core/internal.ts';

/** Whether Keycloak calls a token active (RFC 7662 §2.2). */
export function introspect(context: ClientContext, token: string): Promise<boolean> {
  return callKeycloak(context, { hidden: [token] }, async ({ authenticated }) => {
    const response = await authenticated(context.issuer.endpoints.introspection, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
      body: new URLSearchParams({ token }),
      signal: AbortSignal.timeout(context.timeoutMs),
    });
    const answer = response.status === 200 ? toJsonObject(await response.text()) : undefined;
    if (answer === undefined) throw new Error('refused');
    return answer.active === true;
  });
}

/** @throws {Error} with keycloak-connect's message, for every cause */
export async function readUserinfo(context: ClientContext, token: string): Promise<Record<string, unknown>> {
  try {
    return await callKeycloak(context, { hidden: [token] }, async ({ fetch }) => {
      const response = await fetch(context.issuer.endpoints.userinfo, {
        headers: { authorization: `Bearer ${token}`, accept: 'application/json' },
        signal: AbortSignal.timeout(context.timeoutMs),
      });
      const answer = response.status === 200 ? toJsonObject(await response.text()) : undefined;
      if (answer === undefined) throw new Error('refused');
      return answer;
    });
  } catch (cause) {
    throw new Error('Error fetching account', { cause });
  }
}
