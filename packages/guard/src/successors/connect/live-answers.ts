import { type ClientContext, callKeycloak, type OAuthApi } from '../../client/internal.ts';
import { toJsonObject } from '../../core/internal.ts';

/** Whether Keycloak calls a token active (RFC 7662 §2.2). */
export async function introspect(context: ClientContext, token: string): Promise<boolean> {
  const { active } = await ask(context, token, 'authenticated', context.issuer.endpoints.introspection, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ token }),
  });
  return active === true;
}

/** @throws {Error} with keycloak-connect's message, for every cause */
export async function readUserinfo(context: ClientContext, token: string): Promise<Record<string, unknown>> {
  try {
    const headers = { authorization: `Bearer ${token}` };
    return await ask(context, token, 'fetch', context.issuer.endpoints.userinfo, { headers });
  } catch (cause) {
    throw new Error('Error fetching account', { cause });
  }
}

function ask(
  context: ClientContext,
  token: string,
  by: 'authenticated' | 'fetch',
  url: string,
  init: Omit<Parameters<OAuthApi['fetch']>[1], 'signal'>,
): Promise<Record<string, unknown>> {
  return callKeycloak(context, { hidden: [token] }, async (wire) => {
    const headers = { ...init.headers, accept: 'application/json' };
    const signal = AbortSignal.timeout(context.timeoutMs);
    const request = { ...init, headers, signal };
    const response = await (by === 'fetch' ? wire.fetch(url, request) : wire.authenticated(url, request));
    const answer = response.status === 200 ? toJsonObject(await response.text()) : undefined;
    if (answer === undefined) throw new Error('refused');
    return answer;
  });
}
